-- Traces that messages of one trace concern, and those whose messages concern it. A row leads to its request.
WITH
    (SELECT min(t.Start) FROM otel_traces_trace_id_ts AS t WHERE t.TraceId = {trace:String}) AS begun,
    (SELECT max(t.End) FROM otel_traces_trace_id_ts AS t WHERE t.TraceId = {trace:String}) AS ended
SELECT
    if(l.trace_id = toUUIDOrZero({trace:String}), 'concerns', 'concerned by') AS direction,
    lower(hex(if(l.trace_id = toUUIDOrZero({trace:String}), l.to_trace_id, l.trace_id))) AS trace,
    uniqExact(l.unique_id) AS messages,
    arrayStringConcat(arraySort(groupUniqArray(5)(toString(l.resource))), ', ') AS resources
FROM oslo_links AS l FINAL
WHERE (l.trace_id = toUUIDOrZero({trace:String}) OR l.to_trace_id = toUUIDOrZero({trace:String})) AND l.trace_id != l.to_trace_id
  AND l.published_at BETWEEN begun - INTERVAL 1 HOUR AND ended + INTERVAL 1 HOUR
GROUP BY direction, trace
ORDER BY direction, messages DESC, trace
LIMIT 100
