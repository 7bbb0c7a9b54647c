INSERT INTO oslo_reply_queues_1m
(
    minute, reply_queue, service, host, calls, open, timeouts, replies, deliveries, bytes_published, bytes_delivered, version
)
WITH {minutes:Array(DateTime('UTC'))} AS minutes
SELECT
    toStartOfMinute(m.published_at) AS minute,
    m.reply_queue,
    m.from_service,
    m.from_host,
    count(),
    countIf(m.status = 'open'),
    countIf(m.status = 'timeout'),
    sum(m.replies),
    sum(m.reply_deliveries),
    sum(m.reply_bytes),
    sum(m.reply_bytes_delivered),
    {version:UInt64}
FROM oslo_messages AS m FINAL
WHERE m.kind = 'call' AND toStartOfMinute(m.published_at) IN (SELECT arrayJoin(minutes))
GROUP BY minute, m.reply_queue, m.from_service, m.from_host
