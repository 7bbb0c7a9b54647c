-- Messages a second, by sender, host and method: the ten that send most, and the others together.
WITH
    toStartOfInterval(toDateTime({from:DateTime64(3)}, 'UTC'), toIntervalSecond({interval:UInt32})) AS first,
    top AS
    (
        SELECT concat(toString(m.from_service), '@', toString(m.from_host), ' ', toString(m.method)) AS name
        FROM oslo_senders_1m AS m FINAL
        WHERE m.minute BETWEEN first AND {to:DateTime64(3)}
        GROUP BY name
        ORDER BY sum(m.messages) DESC, name
        LIMIT 10
    )
SELECT s.time AS time, s.series AS sender, s.amount / {interval:UInt32} AS value
FROM
(
    SELECT
        toStartOfInterval(m.minute, toIntervalSecond({interval:UInt32})) AS time,
        if(concat(toString(m.from_service), '@', toString(m.from_host), ' ', toString(m.method)) IN (SELECT name FROM top), concat(toString(m.from_service), '@', toString(m.from_host), ' ', toString(m.method)), 'others') AS series,
        sum(m.messages) AS amount
    FROM oslo_senders_1m AS m FINAL
    WHERE m.minute BETWEEN first AND {to:DateTime64(3)}
    GROUP BY time, series
    ORDER BY series, time WITH FILL FROM first TO toDateTime({to:DateTime64(3)}, 'UTC') STEP toIntervalSecond({interval:UInt32})
) AS s
WHERE s.series != ''
ORDER BY time, sender
