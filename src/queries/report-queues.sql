-- The queues that each operation goes through: routed or delivered, replies' queues too, ids and hosts left out of their names.
SELECT
    r.operation AS operation,
    multiIf(
        startsWith(queue, 'reply_'), 'reply_{id}',
        m.kind = 'notification', queue,
        m.kind = 'fanout', replaceRegexpOne(queue, '_fanout_[0-9a-f]{32}$', '_fanout_{id}'),
        replaceRegexpOne(queue, '\\.[^.0-9].*$', '.{host}')) AS name,
    count() AS messages
FROM oslo_messages AS m FINAL
ARRAY JOIN arrayConcat(arrayDistinct(arrayConcat(m.routed_queues, m.to_queue)), arrayWithConstant(m.replies, m.reply_queue)) AS queue
INNER JOIN (SELECT trace_id, operation FROM oslo_requests WHERE is_request) AS r ON r.trace_id = m.trace_id
GROUP BY r.operation, name
ORDER BY operation, messages DESC, name
