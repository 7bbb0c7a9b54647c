INSERT INTO oslo_verdicts_1m
(minute, is_request, operation, verdict, method, culprit_service, culprit_host, culprit_queue, calls, version)
WITH {minutes:Array(DateTime('UTC'))} AS minutes
SELECT
    toStartOfMinute(m.published_at) AS minute,
    m.is_request,
    r.operation AS operation,
    m.verdict,
    m.method,
    m.culprit_service,
    m.culprit_host,
    if(startsWith(m.culprit_queue, 'reply_'), 'reply_{id}', m.culprit_queue) AS queue,
    count(),
    {version:UInt64}
FROM oslo_messages AS m FINAL
LEFT JOIN
(
    SELECT minute, trace_id, resolved_operation AS operation
    FROM oslo_requests_1m FINAL
    WHERE minute IN (SELECT arrayJoin(minutes)) AND version >= {version:UInt64}
) AS r ON r.minute = toStartOfMinute(m.published_at) AND r.trace_id = m.trace_id
WHERE m.verdict != '' AND toStartOfMinute(m.published_at) IN (SELECT arrayJoin(minutes))
GROUP BY minute, m.is_request, operation, m.verdict, m.method, m.culprit_service, m.culprit_host, queue
