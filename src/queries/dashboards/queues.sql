-- What is in the queues: by queue and kind, what was put in, what was taken out, how long it waited, and who takes it.
SELECT
    s.vhost AS vhost,
    s.queue AS queue,
    s.kind AS kind,
    s.routed AS routed,
    s.deliveries AS deliveries,
    s.routed - s.deliveries AS left,
    s.redelivered AS redelivered,
    s.bytes_routed AS bytes_routed,
    if(s.routed = 0, NULL, s.bytes_routed / s.routed) AS bytes_mean,
    s.queues AS queues,
    s.consumers AS consumers,
    if(isNaN(s.q[1]), NULL, s.q[1]) AS wait_p50_ms,
    if(isNaN(s.q[2]), NULL, s.q[2]) AS wait_p95_ms,
    if(isNaN(s.q[3]), NULL, s.q[3]) AS wait_p99_ms
FROM
(
    SELECT
        toString(m.vhost) AS vhost,
        toString(m.queue) AS queue,
        toString(m.kind) AS kind,
        toInt64(sum(m.routed)) AS routed,
        toInt64(sum(m.deliveries)) AS deliveries,
        sum(m.redelivered) AS redelivered,
        sum(m.bytes_routed) AS bytes_routed,
        uniqMerge(m.queues) AS queues,
        uniqMerge(m.consumers) AS consumers,
        arrayMap(us -> us / 1e3, quantilesDDMerge(0.01, 0.5, 0.95, 0.99)(m.wait_us)) AS q
    FROM oslo_queues_1m AS m FINAL
    WHERE m.minute BETWEEN toStartOfMinute({from:DateTime64(3)}) AND {to:DateTime64(3)} AND (empty({vhosts:Array(String)}) OR has({vhosts:Array(String)}, toString(m.vhost)))
    GROUP BY vhost, queue, kind
) AS s
ORDER BY routed DESC, vhost, queue, kind
LIMIT 500
