-- The messages of each operation by kind and method.
SELECT r.operation AS operation, m.kind AS kind, m.method AS method, nullIf(m.object, '') AS object, count() AS messages
FROM oslo_messages AS m FINAL
INNER JOIN (SELECT trace_id, operation FROM oslo_requests WHERE is_request) AS r ON r.trace_id = m.trace_id
GROUP BY r.operation, m.kind, m.method, m.object
ORDER BY operation, messages DESC, method, object
