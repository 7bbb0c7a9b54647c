-- What is in the queues of each name: kinds and methods, sizes, shapes of arguments. Ids and hosts are left out of the names. Of a
-- reply the method is that of its call, and the size the mean of all replies to it.
SELECT
    multiIf(
        startsWith(entry.1, 'reply_'), 'reply_{id}',
        m.kind = 'notification', entry.1,
        m.kind = 'fanout', replaceRegexpOne(entry.1, '_fanout_[0-9a-f]{32}$', '_fanout_{id}'),
        replaceRegexpOne(entry.1, '\\.[^.0-9].*$', '.{host}')) AS name,
    entry.2 AS kind,
    m.method AS method,
    nullIf(m.object, '') AS object,
    count() AS messages,
    sum(entry.3) AS bytes,
    quantileExact(0.5)(entry.3) AS bytes_p50,
    quantileExact(0.95)(entry.3) AS bytes_p95,
    max(entry.3) AS bytes_max,
    arraySlice(arraySort(groupUniqArrayIf(toString(m.arguments), entry.2 != 'reply' AND m.arguments != '')), 1, 100) AS shapes
FROM oslo_messages AS m FINAL
ARRAY JOIN arrayConcat(
    arrayMap(q -> (toString(q), toString(m.kind), toUInt64(m.bytes)), arrayDistinct(arrayConcat(m.routed_queues, m.to_queue))),
    arrayMap(q -> (toString(q), 'reply', intDiv(m.reply_bytes, greatest(1, m.replies))), arrayWithConstant(m.replies, m.reply_queue))) AS entry
GROUP BY name, entry.2, m.method, m.object
ORDER BY name, messages DESC, kind, method, object
