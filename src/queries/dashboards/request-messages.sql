-- The messages of one trace, oldest first. Milliseconds; a delivery to many is one row.
WITH
    (SELECT min(t.Start) FROM otel_traces_trace_id_ts AS t WHERE t.TraceId = {trace:String}) AS begun,
    (SELECT max(t.End) FROM otel_traces_trace_id_ts AS t WHERE t.TraceId = {trace:String}) AS ended
SELECT
    m.published_at AS published_at,
    toString(m.kind) AS kind,
    if(m.object = '', toString(m.method), toString(m.object)) AS method,
    multiIf(m.from_service = '' AND m.from_host = '', 'unknown', m.from_host = '', toString(m.from_service), concat(toString(m.from_service), '@', toString(m.from_host))) AS sender,
    arrayStringConcat(arraySlice(arrayMap((service, host) -> concat(service, '@', host), m.to_service, m.to_host), 1, 5), ', ') AS receivers,
    length(m.delivered_at) AS deliveries,
    if(empty(m.delivered_at) OR m.is_lagging, NULL, dateDiff('nanosecond', m.published_at, m.delivered_at[1]) / 1e6) AS wait_ms,
    if(toUnixTimestamp64Nano(m.replied_at) = 0 OR m.is_lagging, NULL, dateDiff('nanosecond', m.published_at, m.replied_at) / 1e6) AS duration_ms,
    toString(m.status) AS status,
    toString(m.verdict) AS verdict,
    m.bytes AS bytes,
    toString(m.evidence) AS joined_by,
    toString(m.confidence) AS confidence,
    lower(hex(m.unique_id)) AS unique_id
FROM oslo_messages AS m FINAL
WHERE m.trace_id = toUUIDOrZero({trace:String}) AND m.published_at BETWEEN begun AND ended + INTERVAL 1 SECOND
ORDER BY published_at, unique_id
LIMIT 2000
