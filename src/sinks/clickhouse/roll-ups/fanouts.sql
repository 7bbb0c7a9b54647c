INSERT INTO oslo_fanouts_1m
(minute, exchange, method, from_service, messages, deliveries, deliveries_max, bytes_published, bytes_delivered, version)
WITH {minutes:Array(DateTime('UTC'))} AS minutes
SELECT
    toStartOfMinute(m.published_at) AS minute,
    m.exchange,
    m.method,
    m.from_service,
    count(),
    sum(length(m.delivered_at)),
    max(length(m.delivered_at)),
    sum(m.bytes),
    sum(m.bytes * length(m.delivered_at)),
    {version:UInt64}
FROM oslo_messages AS m FINAL
WHERE m.kind = 'fanout' AND toStartOfMinute(m.published_at) IN (SELECT arrayJoin(minutes))
GROUP BY minute, m.exchange, m.method, m.from_service
