-- The graph of one trace, its edges: who was given how many messages by whom, and the longest call.
WITH
    (SELECT min(t.Start) FROM otel_traces_trace_id_ts AS t WHERE t.TraceId = {trace:String}) AS begun,
    (SELECT max(t.End) FROM otel_traces_trace_id_ts AS t WHERE t.TraceId = {trace:String}) AS ended
SELECT
    concat(g.source, ' -> ', g.target) AS id,
    g.source AS source,
    g.target AS target,
    concat(toString(count()), if(count() = 1, ' message', ' messages')) AS mainstat,
    if(isNull(max(g.ms)), '', concat(toString(round(max(g.ms), 1)), ' ms longest')) AS secondarystat,
    countIf(g.kind = 'call') AS detail__calls,
    countIf(g.kind = 'cast') AS detail__casts,
    countIf(g.kind = 'fanout') AS detail__fanouts,
    countIf(g.status IN ('failed', 'timeout')) AS detail__failed
FROM
(
    SELECT
        multiIf(m.from_service = '' AND m.from_host = '', 'unknown', m.from_host = '', toString(m.from_service), concat(toString(m.from_service), '@', toString(m.from_host))) AS source,
        multiIf(to_service = '' AND to_host = '', 'unknown', to_host = '', toString(to_service), concat(toString(to_service), '@', toString(to_host))) AS target,
        m.kind AS kind,
        m.status AS status,
        if(m.kind = 'call' AND m.status IN ('ok', 'failed'), dateDiff('nanosecond', m.published_at, m.replied_at) / 1e6, NULL) AS ms
    FROM oslo_messages AS m FINAL
    ARRAY JOIN m.to_service AS to_service, m.to_host AS to_host
    WHERE m.kind != 'notification' AND m.trace_id = toUUIDOrZero({trace:String}) AND m.published_at BETWEEN begun AND ended + INTERVAL 1 SECOND
) AS g
WHERE g.source != g.target
GROUP BY g.source, g.target
ORDER BY count() DESC, id
