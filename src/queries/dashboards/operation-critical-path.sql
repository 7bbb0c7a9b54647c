-- On what the time of the slowest requests of one operation went: their critical paths, taken together.
WITH slowest AS
(
    SELECT r.trace_id AS trace_id
    FROM oslo_requests_between(from={from:DateTime64(3)}, to={to:DateTime64(3)}) AS r
    WHERE r.operation = {operation:String}
    ORDER BY dateDiff('nanosecond', r.started_at, r.ended_at) DESC, r.trace_id
    LIMIT 50
)
SELECT
    toString(p.what) AS what,
    toString(p.service) AS service,
    toString(p.name) AS name,
    uniqExact(p.trace_id) AS requests,
    sum(p.ms) AS ms,
    sum(p.ms) / nullIf(sum(sum(p.ms)) OVER (), 0) AS share
FROM oslo_critical_path AS p FINAL
WHERE p.trace_id IN (SELECT trace_id FROM slowest)
  AND p.started_at BETWEEN {from:DateTime64(3)} - INTERVAL 1 MINUTE AND {to:DateTime64(3)} + INTERVAL 1 MINUTE
GROUP BY what, service, name
ORDER BY ms DESC, what, service, name
LIMIT 50
