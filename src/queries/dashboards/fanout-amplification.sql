-- How many deliveries one fanout makes, by method: the ten with most deliveries, and the others together.
WITH
    toStartOfInterval(toDateTime({from:DateTime64(3)}, 'UTC'), toIntervalSecond({interval:UInt32})) AS first,
    top AS
    (
        SELECT toString(m.method) AS name
        FROM oslo_fanouts_1m AS m FINAL
        WHERE m.minute BETWEEN first AND {to:DateTime64(3)}
        GROUP BY name
        ORDER BY sum(m.deliveries) DESC, name
        LIMIT 10
    )
SELECT s.time AS time, s.series AS method, s.amount AS value
FROM
(
    SELECT
        toStartOfInterval(m.minute, toIntervalSecond({interval:UInt32})) AS time,
        if(toString(m.method) IN (SELECT name FROM top), toString(m.method), 'others') AS series,
        sum(m.deliveries) / sum(m.messages) AS amount
    FROM oslo_fanouts_1m AS m FINAL
    WHERE m.minute BETWEEN first AND {to:DateTime64(3)}
    GROUP BY time, series
) AS s
ORDER BY time, method
