-- Who talks most: messages and bytes by the process that sent them, replies to calls counted with the caller.
SELECT
    toString(s.from_service) AS service,
    toString(s.from_host) AS host,
    sum(s.messages) AS messages,
    sum(s.deliveries) AS deliveries,
    sum(s.bytes_published) AS bytes_published,
    sum(s.bytes_delivered) AS bytes_delivered,
    topKWeighted(1)(toString(s.method), s.messages)[1] AS mostly
FROM oslo_senders_1m AS s FINAL
WHERE s.minute BETWEEN toStartOfMinute({from:DateTime64(3)}) AND {to:DateTime64(3)}
GROUP BY service, host
ORDER BY messages DESC, service, host
LIMIT 20
