-- How long the requests of one operation took, by when they began. Milliseconds.
SELECT
    toStartOfInterval(toDateTime(r.started_at, 'UTC'), toIntervalSecond({interval:UInt32})) AS time,
    quantileExact(0.5)(dateDiff('nanosecond', r.started_at, r.ended_at) / 1e6) AS p50,
    quantileExact(0.95)(dateDiff('nanosecond', r.started_at, r.ended_at) / 1e6) AS p95,
    max(dateDiff('nanosecond', r.started_at, r.ended_at) / 1e6) AS max
FROM oslo_requests_between(from={from:DateTime64(3)}, to={to:DateTime64(3)}) AS r
WHERE r.operation = {operation:String}
GROUP BY time
ORDER BY time
