-- Messages a second put into queues, by queue: the ten with most, and the others together.
WITH
    toStartOfInterval(toDateTime({from:DateTime64(3)}, 'UTC'), toIntervalSecond({interval:UInt32})) AS first,
    top AS
    (
        SELECT toString(m.queue) AS name
        FROM oslo_queues_1m AS m FINAL
        WHERE m.minute BETWEEN first AND {to:DateTime64(3)} AND (empty({vhosts:Array(String)}) OR has({vhosts:Array(String)}, toString(m.vhost)))
        GROUP BY name
        ORDER BY sum(m.routed) DESC, name
        LIMIT 10
    )
SELECT s.time AS time, s.series AS queue, s.amount / {interval:UInt32} AS value
FROM
(
    SELECT
        toStartOfInterval(m.minute, toIntervalSecond({interval:UInt32})) AS time,
        if(toString(m.queue) IN (SELECT name FROM top), toString(m.queue), 'others') AS series,
        sum(m.routed) AS amount
    FROM oslo_queues_1m AS m FINAL
    WHERE m.minute BETWEEN first AND {to:DateTime64(3)} AND (empty({vhosts:Array(String)}) OR has({vhosts:Array(String)}, toString(m.vhost)))
    GROUP BY time, series
    ORDER BY series, time WITH FILL FROM first TO toDateTime({to:DateTime64(3)}, 'UTC') STEP toIntervalSecond({interval:UInt32})
) AS s
WHERE s.series != ''
ORDER BY time, queue
