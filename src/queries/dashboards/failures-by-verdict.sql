-- Calls that failed, by verdict: why. Counts.
WITH
    toStartOfInterval(toDateTime({from:DateTime64(3)}, 'UTC'), toIntervalSecond({interval:UInt32})) AS first
SELECT s.time AS time, s.series AS verdict, s.calls AS value
FROM
(
    SELECT
        toStartOfInterval(v.minute, toIntervalSecond({interval:UInt32})) AS time,
        toString(v.verdict) AS series,
        sum(v.calls) AS calls
    FROM oslo_verdicts_1m AS v FINAL
    WHERE v.minute BETWEEN first AND {to:DateTime64(3)}
    GROUP BY time, series
    ORDER BY series, time WITH FILL FROM first TO toDateTime({to:DateTime64(3)}, 'UTC') STEP toIntervalSecond({interval:UInt32})
) AS s
WHERE s.series != ''
ORDER BY time, verdict
