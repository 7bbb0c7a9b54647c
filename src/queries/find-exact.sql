-- The traces that a whole id means: each part by its own index.
SELECT lower(hex(trace_id)) AS trace_id, min(at) AS started_at
FROM
(
    SELECT toUUIDOrZero({hex:String}) AS trace_id, min(Start) AS at
    FROM otel_traces_trace_id_ts
    WHERE {hex:String} != '' AND TraceId = {hex:String}
    HAVING count() > 0
    UNION ALL
    SELECT trace_id, published_at AS at FROM oslo_messages FINAL WHERE {request:String} != '' AND request_id = {request:String}
    UNION ALL
    SELECT trace_id, published_at AS at FROM oslo_messages FINAL WHERE {request:String} != '' AND global_request_id = {request:String}
    UNION ALL
    SELECT trace_id, published_at AS at FROM oslo_messages FINAL WHERE {uuid:String} != '' AND has(resources, toUUIDOrZero({uuid:String}))
)
GROUP BY trace_id
ORDER BY started_at
