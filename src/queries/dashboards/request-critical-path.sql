-- On what the time of one request went: its critical path, the same work or wait taken together, the heaviest first.
WITH
    (SELECT min(t.Start) FROM otel_traces_trace_id_ts AS t WHERE t.TraceId = {trace:String}) AS begun,
    (SELECT max(t.End) FROM otel_traces_trace_id_ts AS t WHERE t.TraceId = {trace:String}) AS ended
SELECT
    sum(p.ms) / nullIf(sum(sum(p.ms)) OVER (), 0) AS share,
    sum(p.ms) AS ms,
    toString(p.what) AS what,
    multiIf(p.service = '' AND p.host = '', 'unknown', p.host = '', toString(p.service), concat(toString(p.service), '@', toString(p.host))) AS place,
    toString(p.name) AS name,
    uniqExact(p.unique_id) AS times
FROM oslo_critical_path AS p FINAL
WHERE p.trace_id = toUUIDOrZero({trace:String}) AND p.started_at BETWEEN begun - INTERVAL 1 MINUTE AND ended + INTERVAL 1 MINUTE
GROUP BY what, place, name
ORDER BY ms DESC, what, place, name
LIMIT 100
