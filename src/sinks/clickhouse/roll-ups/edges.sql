INSERT INTO oslo_edges_1m
(minute, is_request, operation, kind, from_service, to_service, deliveries, failures, timeouts, duration_us, wait_us, version)
WITH {minutes:Array(DateTime('UTC'))} AS minutes
SELECT
    toStartOfMinute(m.published_at) AS minute,
    m.is_request,
    r.operation AS operation,
    m.kind,
    m.from_service,
    to_service,
    count(),
    countIf(m.status = 'failed'),
    countIf(m.status = 'timeout'),
    quantilesDDStateIf(0.01, 0.5, 0.95, 0.99)(
        dateDiff('nanosecond', m.published_at, m.replied_at) / 1e3,
        m.kind = 'call' AND m.status IN ('ok', 'failed') AND NOT m.is_lagging),
    quantilesDDStateIf(0.01, 0.5, 0.95, 0.99)(dateDiff('nanosecond', m.published_at, at) / 1e3, NOT m.is_lagging),
    {version:UInt64}
FROM oslo_messages AS m FINAL
ARRAY JOIN m.to_service AS to_service, m.delivered_at AS at
LEFT JOIN
(
    SELECT minute, trace_id, resolved_operation AS operation
    FROM oslo_requests_1m FINAL
    WHERE minute IN (SELECT arrayJoin(minutes)) AND version >= {version:UInt64}
) AS r ON r.minute = toStartOfMinute(m.published_at) AND r.trace_id = m.trace_id
WHERE toStartOfMinute(m.published_at) IN (SELECT arrayJoin(minutes))
GROUP BY minute, m.is_request, operation, m.kind, m.from_service, to_service
