-- Calls that failed or timed out: why, in which operation (NULL in the background), and whom it points at.
SELECT
    nullIf(m.verdict, '') AS verdict,
    m.status AS status,
    if(m.is_request, r.operation, NULL) AS operation,
    m.method AS method,
    nullIf(m.object, '') AS object,
    nullIf(m.failure, '') AS failure,
    m.culprit_service AS culprit_service,
    m.culprit_host AS culprit_host,
    m.culprit_queue AS culprit_queue,
    count() AS calls
FROM oslo_messages AS m FINAL
LEFT JOIN (SELECT trace_id, operation FROM oslo_requests WHERE is_request) AS r ON r.trace_id = m.trace_id
WHERE m.kind = 'call' AND m.status IN ('failed', 'timeout')
GROUP BY m.verdict, m.status, operation, m.method, m.object, m.failure, m.culprit_service, m.culprit_host, m.culprit_queue
ORDER BY calls DESC, verdict, method, object, operation, failure, culprit_service, culprit_host, culprit_queue, status
