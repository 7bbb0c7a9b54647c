-- The requests of one operation: how many, how long they took, how many met an exception or a time-out. One row.
SELECT
    count() AS requests,
    if(count() = 0, NULL, quantileExact(0.5)(r.duration_ms)) AS duration_p50_ms,
    if(count() = 0, NULL, quantileExact(0.95)(r.duration_ms)) AS duration_p95_ms,
    if(count() = 0, NULL, quantileExact(0.5)(r.rpcs)) AS rpcs_p50,
    if(count() = 0, NULL, quantileExact(0.95)(r.rpcs)) AS rpcs_p95,
    if(count() = 0, NULL, countIf(r.failures > 0 OR r.timeouts > 0) / count()) AS failed_share,
    if(count() = 0, NULL, sum(r.publishes + r.deliveries) / sum(r.publishes + r.deliveries + r.missing)) AS coverage
FROM
(
    SELECT
        dateDiff('nanosecond', b.started_at, b.ended_at) / 1e6 AS duration_ms,
        b.calls + b.casts + b.fanouts AS rpcs,
        b.failures AS failures,
        b.timeouts AS timeouts,
        b.publishes AS publishes,
        b.deliveries AS deliveries,
        b.missing AS missing
    FROM oslo_requests_between(from={from:DateTime64(3)}, to={to:DateTime64(3)}) AS b
    WHERE b.operation = {operation:String}
) AS r
