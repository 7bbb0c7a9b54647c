-- Of the operations with the requests of most messages: the first request that took as long as half of them do at most, and the
-- first of those that took longest.
WITH
    requests AS
    (
        SELECT operation, trace_id, publishes, started_at, toUnixTimestamp64Nano(ended_at) - toUnixTimestamp64Nano(started_at) AS ns
        FROM oslo_requests
        WHERE is_request
    ),
    spreads AS
    (
        SELECT operation, max(publishes) AS dearest, quantileExact(0.5)(ns) AS middle, max(ns) AS most
        FROM requests
        GROUP BY operation
        ORDER BY dearest DESC, operation
        LIMIT {limit:UInt32}
    )
SELECT
    s.operation AS operation,
    lower(hex(argMinIf(r.trace_id, (r.started_at, r.trace_id), r.ns = s.middle))) AS typical,
    lower(hex(argMinIf(r.trace_id, (r.started_at, r.trace_id), r.ns = s.most))) AS slowest
FROM requests AS r
INNER JOIN spreads AS s ON s.operation = r.operation
GROUP BY s.operation
ORDER BY operation
