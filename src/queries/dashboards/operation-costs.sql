-- What one request of an operation costs: each count over its requests, as oslotap report has them. Milliseconds and bytes.
SELECT
    r.cost.2 AS cost,
    min(r.cost.3) AS min,
    quantileExact(0.5)(r.cost.3) AS p50,
    quantileExact(0.95)(r.cost.3) AS p95,
    max(r.cost.3) AS max,
    avg(r.cost.3) AS mean
FROM
(
    SELECT arrayJoin(
        [
            (1, 'duration_ms', toFloat64(dateDiff('nanosecond', b.started_at, b.ended_at)) / 1e6),
            (2, 'calls', toFloat64(b.calls)),
            (3, 'casts', toFloat64(b.casts)),
            (4, 'fanouts', toFloat64(b.fanouts)),
            (5, 'replies', toFloat64(b.replies)),
            (6, 'notifications', toFloat64(b.notifications)),
            (7, 'publishes', toFloat64(b.publishes)),
            (8, 'deliveries', toFloat64(b.deliveries)),
            (9, 'failures', toFloat64(b.failures)),
            (10, 'timeouts', toFloat64(b.timeouts)),
            (11, 'bytes_published', toFloat64(b.bytes_published)),
            (12, 'bytes_delivered', toFloat64(b.bytes_delivered))
        ]) AS cost
    FROM oslo_requests_between(from={from:DateTime64(3)}, to={to:DateTime64(3)}) AS b
    WHERE b.operation = {operation:String}
) AS r
GROUP BY r.cost.1, r.cost.2
ORDER BY r.cost.1
