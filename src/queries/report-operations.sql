-- What each operation costs: [min, p50, p95, max, mean] of every count over its requests.
WITH requests AS
(
    SELECT
        operation,
        toFloat64(dateDiff('nanosecond', started_at, ended_at)) / 1e6 AS duration_ms,
        toFloat64(r.calls) AS calls,
        toFloat64(r.casts) AS casts,
        toFloat64(r.fanouts) AS fanouts,
        toFloat64(r.replies) AS replies,
        toFloat64(r.notifications) AS notifications,
        toFloat64(r.publishes) AS publishes,
        toFloat64(r.deliveries) AS deliveries,
        toFloat64(r.failures) AS failures,
        toFloat64(r.timeouts) AS timeouts,
        toFloat64(r.bytes_published) AS bytes_published,
        toFloat64(r.bytes_delivered) AS bytes_delivered
    FROM oslo_requests AS r
    WHERE is_request
)
SELECT
    operation,
    count() AS requests,
    [min(q.duration_ms), quantileExact(0.5)(q.duration_ms), quantileExact(0.95)(q.duration_ms), max(q.duration_ms), avg(q.duration_ms)] AS duration_ms,
    [min(q.calls), quantileExact(0.5)(q.calls), quantileExact(0.95)(q.calls), max(q.calls), avg(q.calls)] AS calls,
    [min(q.casts), quantileExact(0.5)(q.casts), quantileExact(0.95)(q.casts), max(q.casts), avg(q.casts)] AS casts,
    [min(q.fanouts), quantileExact(0.5)(q.fanouts), quantileExact(0.95)(q.fanouts), max(q.fanouts), avg(q.fanouts)] AS fanouts,
    [min(q.replies), quantileExact(0.5)(q.replies), quantileExact(0.95)(q.replies), max(q.replies), avg(q.replies)] AS replies,
    [min(q.notifications), quantileExact(0.5)(q.notifications), quantileExact(0.95)(q.notifications), max(q.notifications), avg(q.notifications)] AS notifications,
    [min(q.publishes), quantileExact(0.5)(q.publishes), quantileExact(0.95)(q.publishes), max(q.publishes), avg(q.publishes)] AS publishes,
    [min(q.deliveries), quantileExact(0.5)(q.deliveries), quantileExact(0.95)(q.deliveries), max(q.deliveries), avg(q.deliveries)] AS deliveries,
    [min(q.failures), quantileExact(0.5)(q.failures), quantileExact(0.95)(q.failures), max(q.failures), avg(q.failures)] AS failures,
    [min(q.timeouts), quantileExact(0.5)(q.timeouts), quantileExact(0.95)(q.timeouts), max(q.timeouts), avg(q.timeouts)] AS timeouts,
    [min(q.bytes_published), quantileExact(0.5)(q.bytes_published), quantileExact(0.95)(q.bytes_published), max(q.bytes_published), avg(q.bytes_published)] AS bytes_published,
    [min(q.bytes_delivered), quantileExact(0.5)(q.bytes_delivered), quantileExact(0.95)(q.bytes_delivered), max(q.bytes_delivered), avg(q.bytes_delivered)] AS bytes_delivered
FROM requests AS q
GROUP BY operation
ORDER BY requests DESC, operation
