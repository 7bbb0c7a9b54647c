-- Senders of one method by how many hosts send it at once: a storm is many hosts, not one that is busy.
SELECT
    toString(s.from_service) AS service,
    toString(s.kind) AS kind,
    toString(s.method) AS method,
    uniqExact(s.from_host) AS hosts,
    sum(s.messages) AS messages,
    max(s.messages) AS host_minute_max,
    sum(s.deliveries) AS deliveries,
    sum(s.bytes_delivered) AS bytes_delivered
FROM oslo_senders_1m AS s FINAL
WHERE s.minute BETWEEN toStartOfMinute({from:DateTime64(3)}) AND {to:DateTime64(3)}
GROUP BY service, kind, method
ORDER BY messages DESC, service, kind, method
LIMIT 50
