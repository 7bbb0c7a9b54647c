-- The traces that an id means: a trace's own id, a request id that one of its messages carries, whole or its beginning;
-- or the uuid of a resource that a request was about.
SELECT lower(hex(m.trace_id)) AS trace_id, min(m.published_at) AS started_at
FROM oslo_messages AS m FINAL
WHERE ({hex:String} != '' AND startsWith(lower(hex(m.trace_id)), {hex:String}))
   OR ({request:String} != '' AND (startsWith(m.request_id, {request:String}) OR startsWith(m.global_request_id, {request:String})))
   OR ({uuid:String} != '' AND has(m.resources, toUUIDOrZero({uuid:String})))
GROUP BY m.trace_id
ORDER BY started_at
