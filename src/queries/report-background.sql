-- What nobody asked for: periodic tasks, agents' loops, and what nothing ties to a request.
SELECT
    m.kind AS kind,
    m.method AS method,
    nullIf(m.object, '') AS object,
    m.from_service AS service,
    uniqExact(m.from_host) AS hosts,
    count() AS messages,
    sum(m.bytes) + sum(m.reply_bytes) AS bytes
FROM oslo_messages AS m FINAL
WHERE NOT m.is_request
GROUP BY m.kind, m.method, m.object, m.from_service
ORDER BY messages DESC, method, object, service
