-- Reply queues and their owners: the processes that call, and whether they get their answers.
SELECT
    toString(m.service) AS service,
    toString(m.host) AS host,
    m.reply_queue AS reply_queue,
    sum(m.calls) AS calls,
    sum(m.replies) AS replies,
    sum(m.deliveries) AS deliveries,
    sum(m.timeouts) AS timeouts,
    sum(m.open) AS open,
    toInt64(sum(m.replies)) - toInt64(sum(m.deliveries)) AS undelivered,
    sum(m.bytes_delivered) AS bytes_delivered
FROM oslo_reply_queues_1m AS m FINAL
WHERE m.minute BETWEEN toStartOfMinute({from:DateTime64(3)}) AND {to:DateTime64(3)}
GROUP BY service, host, reply_queue
ORDER BY timeouts DESC, undelivered DESC, calls DESC, reply_queue, service, host
LIMIT 200
