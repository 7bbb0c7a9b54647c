-- How much of what passed the tap saw: 1 is all of it. What went lost in gaps is estimated.
WITH
    toStartOfInterval(toDateTime({from:DateTime64(3)}, 'UTC'), toIntervalSecond({interval:UInt32})) AS first
SELECT
    s.time AS time,
    if(s.seen + s.missing + s.lost = 0, NULL, s.seen / (s.seen + s.missing + s.lost)) AS coverage
FROM
(
    SELECT
        toStartOfInterval(c.minute, toIntervalSecond({interval:UInt32})) AS time,
        sum(c.seen) AS seen,
        sum(c.missing) AS missing,
        sum(c.lost) AS lost
    FROM oslo_coverage AS c
    WHERE c.minute BETWEEN first AND {to:DateTime64(3)}
    GROUP BY time
) AS s
ORDER BY time
