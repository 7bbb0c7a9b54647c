-- How long calls took, from their publish until the caller had the answer. Milliseconds; times of a lagging tap are left out.
WITH
    toStartOfInterval(toDateTime({from:DateTime64(3)}, 'UTC'), toIntervalSecond({interval:UInt32})) AS first
SELECT
    s.time AS time,
    if(isNaN(s.q[1]), NULL, s.q[1]) AS p50,
    if(isNaN(s.q[2]), NULL, s.q[2]) AS p95,
    if(isNaN(s.q[3]), NULL, s.q[3]) AS p99
FROM
(
    SELECT
        toStartOfInterval(m.minute, toIntervalSecond({interval:UInt32})) AS time,
        arrayMap(us -> us / 1e3, quantilesDDMerge(0.01, 0.5, 0.95, 0.99)(m.duration_us)) AS q
    FROM oslo_methods_1m AS m FINAL
    WHERE m.minute BETWEEN first AND {to:DateTime64(3)} AND m.kind = 'call'
    GROUP BY time
) AS s
ORDER BY time
