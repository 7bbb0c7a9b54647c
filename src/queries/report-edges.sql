-- Who asks whom in each operation: deliveries by sender, receiver and kind, how long they took to be answered, and waited.
-- Where the tap lagged, its times say nothing of either.
SELECT
    r.operation AS operation,
    m.from_service AS from_service,
    to_service,
    m.kind AS kind,
    count() AS deliveries,
    quantileExactIf(0.95)(dateDiff('nanosecond', m.published_at, at) / 1e6, NOT m.is_lagging) AS queue_wait_p95_ms,
    if(kind = 'call', quantileExactIf(0.95)(dateDiff('nanosecond', m.published_at, m.replied_at) / 1e6, m.status IN ('ok', 'failed') AND NOT m.is_lagging), NULL) AS duration_p95_ms
FROM oslo_messages AS m FINAL
ARRAY JOIN m.to_service AS to_service, m.delivered_at AS at
INNER JOIN (SELECT trace_id, operation FROM oslo_requests WHERE is_request) AS r ON r.trace_id = m.trace_id
WHERE m.kind != 'notification'
GROUP BY r.operation, m.from_service, to_service, m.kind
ORDER BY operation, deliveries DESC, from_service, to_service, kind
