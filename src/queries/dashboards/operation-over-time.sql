-- What the requests of one operation cost, by when they began: medians, and the 95th percentile of all their messages.
SELECT
    toStartOfInterval(toDateTime(r.started_at, 'UTC'), toIntervalSecond({interval:UInt32})) AS time,
    quantileExact(0.5)(toFloat64(r.calls)) AS calls,
    quantileExact(0.5)(toFloat64(r.casts)) AS casts,
    quantileExact(0.5)(toFloat64(r.fanouts)) AS fanouts,
    quantileExact(0.5)(toFloat64(r.notifications)) AS notifications,
    quantileExact(0.5)(toFloat64(r.publishes)) AS messages,
    quantileExact(0.95)(toFloat64(r.publishes)) AS messages_p95
FROM oslo_requests_between(from={from:DateTime64(3)}, to={to:DateTime64(3)}) AS r
WHERE r.operation = {operation:String}
GROUP BY time
ORDER BY time
