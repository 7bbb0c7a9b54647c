-- Vhosts to choose from: those with messages in the time range.
SELECT DISTINCT toString(m.vhost) AS vhost
FROM oslo_queues_1m AS m FINAL
WHERE m.minute BETWEEN toStartOfMinute({from:DateTime64(3)}) AND {to:DateTime64(3)}
ORDER BY vhost
LIMIT 100
