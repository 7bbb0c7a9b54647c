-- Traces as `oslotap requests` lists them, newest first.
SELECT
    lower(hex(r.trace_id)) AS trace_id,
    is_request,
    operation,
    concat(replaceOne(toString(r.started_at), ' ', 'T'), 'Z') AS start,
    (toUnixTimestamp64Nano(r.ended_at) - toUnixTimestamp64Nano(r.started_at)) / 1e6 AS duration_ms,
    calls, casts, fanouts, fanout_deliveries, notifications, replies, publishes, deliveries,
    failures, timeouts, open, bytes_published, bytes_delivered, missing
FROM oslo_requests AS r
WHERE ({all:Bool} OR r.is_request) AND ({trace:String} = '' OR r.trace_id = toUUIDOrZero({trace:String}))
ORDER BY r.started_at DESC, r.trace_id
LIMIT {limit:UInt64}
