-- Messages a second, by kind: how busy the bus is, whoever asked.
WITH toStartOfInterval(toDateTime({from:DateTime64(3)}, 'UTC'), toIntervalSecond({interval:UInt32})) AS first
SELECT
    toStartOfInterval(m.minute, toIntervalSecond({interval:UInt32})) AS time,
    sumIf(m.messages, m.kind = 'call') / {interval:UInt32} AS calls,
    sum(m.replies) / {interval:UInt32} AS replies,
    sumIf(m.messages, m.kind = 'cast') / {interval:UInt32} AS casts,
    sumIf(m.messages, m.kind = 'fanout') / {interval:UInt32} AS fanouts,
    sumIf(m.messages, m.kind = 'notification') / {interval:UInt32} AS notifications
FROM oslo_methods_1m AS m FINAL
WHERE m.minute BETWEEN first AND {to:DateTime64(3)}
GROUP BY time
ORDER BY time WITH FILL FROM first TO toDateTime({to:DateTime64(3)}, 'UTC') STEP toIntervalSecond({interval:UInt32})
