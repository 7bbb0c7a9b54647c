-- The graph of one trace, its nodes: services, each at its host, with what each was given, and how much of that failed.
WITH
    (SELECT min(t.Start) FROM otel_traces_trace_id_ts AS t WHERE t.TraceId = {trace:String}) AS begun,
    (SELECT max(t.End) FROM otel_traces_trace_id_ts AS t WHERE t.TraceId = {trace:String}) AS ended,
got AS
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
)
SELECT
    s.place AS id,
    splitByChar('@', s.place)[1] AS title,
    splitByChar('@', s.place)[2] AS subtitle,
    concat(toString(sum(s.served)), ' in') AS mainstat,
    concat(toString(sum(s.sent)), ' out') AS secondarystat,
    if(sum(s.served) = 0, 1, 1 - sum(s.failed) / sum(s.served)) AS arc__ok,
    if(sum(s.served) = 0, 0, sum(s.failed) / sum(s.served)) AS arc__failed,
    sum(s.own) AS detail__to_itself,
    sum(s.failed) AS detail__failed
FROM
(
    SELECT target AS place, count() AS served, 0 AS sent, countIf(status IN ('failed', 'timeout')) AS failed, countIf(source = target) AS own
    FROM got
    GROUP BY target
    UNION ALL
    SELECT source AS place, 0 AS served, count() AS sent, 0 AS failed, 0 AS own
    FROM got
    GROUP BY source
) AS s
GROUP BY s.place
ORDER BY sum(s.served) DESC, id
