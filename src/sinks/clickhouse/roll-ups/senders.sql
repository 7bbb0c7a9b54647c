INSERT INTO oslo_senders_1m
(minute, from_service, from_host, kind, method, messages, deliveries, bytes_published, bytes_delivered, version)
WITH {minutes:Array(DateTime('UTC'))} AS minutes
SELECT
    toStartOfMinute(m.published_at) AS minute,
    m.from_service,
    m.from_host,
    m.kind,
    m.method,
    count(),
    sum(length(m.delivered_at)) + sum(m.reply_deliveries),
    sum(m.bytes) + sum(m.reply_bytes),
    sum(m.bytes * length(m.delivered_at)) + sum(m.reply_bytes_delivered),
    {version:UInt64}
FROM oslo_messages AS m FINAL
WHERE toStartOfMinute(m.published_at) IN (SELECT arrayJoin(minutes))
GROUP BY minute, m.from_service, m.from_host, m.kind, m.method
