-- The requests of one operation that took longest. A row leads to its request.
SELECT
    concat('req-', toString(r.trace_id)) AS request,
    r.started_at AS started_at,
    dateDiff('nanosecond', r.started_at, r.ended_at) / 1e6 AS duration_ms,
    r.calls + r.casts + r.fanouts AS rpcs,
    r.publishes AS messages,
    r.failures AS failures,
    r.timeouts AS timeouts,
    r.open AS open,
    r.bytes_published AS bytes_published
FROM oslo_requests_between(from={from:DateTime64(3)}, to={to:DateTime64(3)}) AS r
WHERE r.operation = {operation:String}
ORDER BY duration_ms DESC, request
LIMIT 50
