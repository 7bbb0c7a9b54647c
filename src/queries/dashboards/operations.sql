-- Operations that users asked for: how often, how long they took, and what one request costs on the bus.
SELECT
    toString(r.operation) AS operation,
    count() AS requests,
    quantileExact(0.5)(dateDiff('nanosecond', r.started_at, r.ended_at) / 1e6) AS duration_p50_ms,
    quantileExact(0.95)(dateDiff('nanosecond', r.started_at, r.ended_at) / 1e6) AS duration_p95_ms,
    quantileExact(0.5)(toFloat64(r.calls + r.casts + r.fanouts)) AS rpcs_p50,
    quantileExact(0.95)(toFloat64(r.calls + r.casts + r.fanouts)) AS rpcs_p95,
    quantileExact(0.5)(toFloat64(r.publishes)) AS publishes_p50,
    quantileExact(0.5)(toFloat64(r.bytes_published)) AS bytes_published_p50,
    countIf(r.failures > 0 OR r.timeouts > 0) AS failed
FROM oslo_requests_between(from={from:DateTime64(3)}, to={to:DateTime64(3)}) AS r
GROUP BY operation
ORDER BY requests DESC, operation
LIMIT 200
