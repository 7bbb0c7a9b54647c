-- Fanouts: how many deliveries one publish makes, and how many bytes that is.
SELECT
    toString(m.exchange) AS exchange,
    toString(m.method) AS method,
    toString(m.from_service) AS service,
    sum(m.messages) AS messages,
    sum(m.deliveries) AS deliveries,
    sum(m.deliveries) / sum(m.messages) AS amplification,
    max(m.deliveries_max) AS deliveries_max,
    sum(m.bytes_published) AS bytes_published,
    sum(m.bytes_delivered) AS bytes_delivered
FROM oslo_fanouts_1m AS m FINAL
WHERE m.minute BETWEEN toStartOfMinute({from:DateTime64(3)}) AND {to:DateTime64(3)}
GROUP BY exchange, method, service
ORDER BY deliveries DESC, exchange, method, service
LIMIT 200
