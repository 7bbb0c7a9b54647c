-- Operations to choose from: those that users asked for in the time range, the most frequent first.
SELECT toString(r.operation) AS operation
FROM oslo_requests_between(from={from:DateTime64(3)}, to={to:DateTime64(3)}) AS r
WHERE r.operation != ''
GROUP BY operation
ORDER BY count() DESC, operation
LIMIT 500
