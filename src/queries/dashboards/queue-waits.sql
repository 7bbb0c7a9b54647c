-- How long messages waited, by queue: 95th percentile of the ten queues with most messages. Milliseconds.
WITH
    toStartOfInterval(toDateTime({from:DateTime64(3)}, 'UTC'), toIntervalSecond({interval:UInt32})) AS first,
    top AS
    (
        SELECT toString(m.queue) AS name
        FROM oslo_queues_1m AS m FINAL
        WHERE m.minute BETWEEN first AND {to:DateTime64(3)} AND (empty({vhosts:Array(String)}) OR has({vhosts:Array(String)}, toString(m.vhost)))
        GROUP BY name
        ORDER BY sum(m.deliveries) DESC, name
        LIMIT 10
    )
SELECT s.time AS time, s.series AS queue, s.q[2] AS value
FROM
(
    SELECT
        toStartOfInterval(m.minute, toIntervalSecond({interval:UInt32})) AS time,
        toString(m.queue) AS series,
        arrayMap(us -> us / 1e3, quantilesDDMerge(0.01, 0.5, 0.95, 0.99)(m.wait_us)) AS q
    FROM oslo_queues_1m AS m FINAL
    WHERE m.minute BETWEEN first AND {to:DateTime64(3)} AND (empty({vhosts:Array(String)}) OR has({vhosts:Array(String)}, toString(m.vhost))) AND series IN (SELECT name FROM top)
    GROUP BY time, series
) AS s
WHERE NOT isNaN(s.q[2])
ORDER BY time, queue
