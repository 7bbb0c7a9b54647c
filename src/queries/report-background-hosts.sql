-- What each service on each host sends that nobody asked for.
SELECT
    m.from_service AS service,
    m.from_host AS host,
    uniqExact(m.kind, m.method, m.object) AS methods,
    count() AS messages,
    sum(m.bytes) + sum(m.reply_bytes) AS bytes
FROM oslo_messages AS m FINAL
WHERE NOT m.is_request
GROUP BY m.from_service, m.from_host
ORDER BY messages DESC, service, host
