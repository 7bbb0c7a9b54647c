-- How many deliveries one fanout makes, of all that is in the store.
SELECT
    m.exchange AS exchange,
    m.method AS method,
    m.from_service AS service,
    count() AS messages,
    sum(length(m.delivered_at)) AS deliveries,
    sum(length(m.delivered_at)) / count() AS amplification,
    max(length(m.delivered_at)) AS deliveries_max,
    sum(m.bytes) AS bytes_published,
    sum(m.bytes * length(m.delivered_at)) AS bytes_delivered
FROM oslo_messages AS m FINAL
WHERE m.kind = 'fanout'
GROUP BY m.exchange, m.method, m.from_service
ORDER BY deliveries DESC, exchange, method, service
