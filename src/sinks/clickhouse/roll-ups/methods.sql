INSERT INTO oslo_methods_1m
(
    minute, is_request, operation, kind, method, object, from_service, messages, replies, deliveries, failures, timeouts, open,
    bytes_published, bytes_delivered, lagging, duration_us, wait_us, version
)
WITH {minutes:Array(DateTime('UTC'))} AS minutes
SELECT
    toStartOfMinute(m.published_at) AS minute,
    m.is_request,
    r.operation AS operation,
    m.kind,
    m.method,
    m.object,
    m.from_service,
    count(),
    sum(m.replies),
    sum(length(m.delivered_at)) + sum(m.reply_deliveries),
    sum(m.failures),
    countIf(m.status = 'timeout'),
    countIf(m.status = 'open'),
    sum(m.bytes) + sum(m.reply_bytes),
    sum(m.bytes * length(m.delivered_at)) + sum(m.reply_bytes_delivered),
    countIf(m.is_lagging),
    quantilesDDStateIf(0.01, 0.5, 0.95, 0.99)(
        dateDiff('nanosecond', m.published_at, m.replied_at) / 1e3,
        m.kind = 'call' AND m.status IN ('ok', 'failed') AND NOT m.is_lagging),
    quantilesDDArrayState(0.01, 0.5, 0.95, 0.99)(
        if(m.is_lagging, [], arrayMap(at -> dateDiff('nanosecond', m.published_at, at) / 1e3, m.delivered_at))),
    {version:UInt64}
FROM oslo_messages AS m FINAL
LEFT JOIN
(
    SELECT minute, trace_id, resolved_operation AS operation
    FROM oslo_requests_1m FINAL
    WHERE minute IN (SELECT arrayJoin(minutes)) AND version >= {version:UInt64}
) AS r ON r.minute = toStartOfMinute(m.published_at) AND r.trace_id = m.trace_id
WHERE toStartOfMinute(m.published_at) IN (SELECT arrayJoin(minutes))
GROUP BY minute, m.is_request, operation, m.kind, m.method, m.object, m.from_service
