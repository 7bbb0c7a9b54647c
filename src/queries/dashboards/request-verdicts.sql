-- The calls of one trace that failed: why, and who is to blame.
WITH
    (SELECT min(t.Start) FROM otel_traces_trace_id_ts AS t WHERE t.TraceId = {trace:String}) AS begun,
    (SELECT max(t.End) FROM otel_traces_trace_id_ts AS t WHERE t.TraceId = {trace:String}) AS ended
SELECT
    m.published_at AS published_at,
    if(m.object = '', toString(m.method), toString(m.object)) AS method,
    multiIf(m.from_service = '' AND m.from_host = '', 'unknown', m.from_host = '', toString(m.from_service), concat(toString(m.from_service), '@', toString(m.from_host))) AS caller,
    toString(m.verdict) AS verdict,
    toString(m.failure) AS failure,
    multiIf(m.culprit_service = '' AND m.culprit_host = '', 'unknown', m.culprit_host = '', toString(m.culprit_service), concat(toString(m.culprit_service), '@', toString(m.culprit_host))) AS culprit,
    toString(m.culprit_queue) AS queue,
    toString(m.verdict_evidence) AS evidence
FROM oslo_messages AS m FINAL
WHERE m.verdict != '' AND m.trace_id = toUUIDOrZero({trace:String}) AND m.published_at BETWEEN begun AND ended + INTERVAL 1 SECOND
ORDER BY published_at, m.unique_id
LIMIT 500
