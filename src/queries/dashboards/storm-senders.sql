-- Who sends more than before: messages a second by sender, host and method, beside the time before the range.
SELECT
    t.service AS service,
    t.host AS host,
    t.kind AS kind,
    t.method AS method,
    t.here / greatest(60, dateDiff('second', {from:DateTime64(3)}, {to:DateTime64(3)})) AS rate,
    t.before / {baseline:UInt32} AS baseline,
    rate - baseline AS more,
    if(t.before = 0, NULL, rate / baseline) AS times
FROM
(
    SELECT
        toString(s.from_service) AS service,
        toString(s.from_host) AS host,
        toString(s.kind) AS kind,
        toString(s.method) AS method,
        sumIf(s.messages, s.minute BETWEEN toStartOfMinute({from:DateTime64(3)}) AND {to:DateTime64(3)}) AS here,
        sumIf(s.messages, s.minute >= toStartOfMinute({from:DateTime64(3)} - toIntervalSecond({baseline:UInt32})) AND s.minute < toStartOfMinute({from:DateTime64(3)})) AS before
    FROM oslo_senders_1m AS s FINAL
    WHERE s.minute BETWEEN toStartOfMinute({from:DateTime64(3)} - toIntervalSecond({baseline:UInt32})) AND {to:DateTime64(3)}
    GROUP BY service, host, kind, method
) AS t
WHERE t.here > 0
ORDER BY more DESC, service, host, kind, method
LIMIT 100
