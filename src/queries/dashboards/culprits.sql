-- Whom the verdicts point at: failed calls by verdict, method and culprit.
SELECT
    toString(v.verdict) AS verdict,
    toString(v.culprit_service) AS service,
    toString(v.culprit_host) AS host,
    toString(v.culprit_queue) AS queue,
    toString(v.method) AS method,
    sum(v.calls) AS calls
FROM oslo_verdicts_1m AS v FINAL
WHERE v.minute BETWEEN toStartOfMinute({from:DateTime64(3)}) AND {to:DateTime64(3)}
GROUP BY verdict, service, host, queue, method
ORDER BY calls DESC, verdict, service, host, queue, method
LIMIT 100
