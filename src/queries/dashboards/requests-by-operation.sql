-- Requests of users that began, a second, by operation: the ten with most, and the others together.
WITH
    toStartOfInterval(toDateTime({from:DateTime64(3)}, 'UTC'), toIntervalSecond({interval:UInt32})) AS first,
    began AS
    (
        SELECT if(r.operation = '', 'unknown', toString(r.operation)) AS operation, toDateTime(r.started_at, 'UTC') AS at
        FROM oslo_requests_between(from={from:DateTime64(3)}, to={to:DateTime64(3)}) AS r
    ),
    top AS (SELECT b.operation AS name FROM began AS b GROUP BY name ORDER BY count() DESC, name LIMIT 10)
SELECT s.time AS time, s.series AS operation, s.requests / {interval:UInt32} AS value
FROM
(
    SELECT
        toStartOfInterval(b.at, toIntervalSecond({interval:UInt32})) AS time,
        if(b.operation IN (SELECT name FROM top), b.operation, 'others') AS series,
        count() AS requests
    FROM began AS b
    GROUP BY time, series
    ORDER BY series, time WITH FILL FROM first TO toDateTime({to:DateTime64(3)}, 'UTC') STEP toIntervalSecond({interval:UInt32})
) AS s
WHERE s.series != ''
ORDER BY time, operation
