INSERT INTO oslo_queues_1m
(
    minute, vhost, queue, kind, routed, deliveries, redelivered, bytes_routed, bytes_delivered, queues, consumers, wait_us, version
)
WITH {minutes:Array(DateTime('UTC'))} AS minutes
SELECT
    toStartOfMinute(m.published_at) AS minute,
    m.vhost,
    multiIf(
        m.kind = 'notification', name,
        m.kind = 'fanout', replaceRegexpOne(name, '_fanout_[0-9a-f]{32}$', '_fanout_{id}'),
        replaceRegexpOne(name, '\\.[^.0-9].*$', '.{host}')) AS queue,
    m.kind,
    countIf(has(m.routed_queues, name)),
    sum(countEqual(m.to_queue, name)),
    sum(arrayCount((to, again) -> to = name AND again, m.to_queue, m.to_redelivered)),
    sumIf(m.bytes, has(m.routed_queues, name)),
    sum(m.bytes * countEqual(m.to_queue, name)),
    uniqState(toString(name)),
    uniqArrayState(arrayMap(process -> toString(process), arrayFilter((process, to) -> to = name, m.to_process, m.to_queue))),
    quantilesDDArrayState(0.01, 0.5, 0.95, 0.99)(
        if(m.is_lagging, [], arrayMap(
            (at, to) -> dateDiff('nanosecond', m.published_at, at) / 1e3,
            arrayFilter((at, to) -> to = name, m.delivered_at, m.to_queue), arrayFilter(to -> to = name, m.to_queue)))),
    {version:UInt64}
FROM oslo_messages AS m FINAL
ARRAY JOIN arrayDistinct(arrayConcat(m.routed_queues, m.to_queue)) AS name
WHERE toStartOfMinute(m.published_at) IN (SELECT arrayJoin(minutes))
GROUP BY minute, m.vhost, queue, m.kind
