-- Calls that got no answer in time, and calls that wait for one still, by when they were published. Counts.
WITH
    toStartOfInterval(toDateTime({from:DateTime64(3)}, 'UTC'), toIntervalSecond({interval:UInt32})) AS first
SELECT
    toStartOfInterval(m.minute, toIntervalSecond({interval:UInt32})) AS time,
    sum(m.timeouts) AS timeouts,
    sum(m.open) AS open
FROM oslo_methods_1m AS m FINAL
WHERE m.minute BETWEEN first AND {to:DateTime64(3)}
GROUP BY time
ORDER BY time WITH FILL FROM first TO toDateTime({to:DateTime64(3)}, 'UTC') STEP toIntervalSecond({interval:UInt32})
