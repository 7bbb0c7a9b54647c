-- Minutes of requests whose operation turned out to be another, now that the given minutes were computed: their tables are by the former one.
WITH {minutes:Array(DateTime('UTC'))} AS minutes
SELECT DISTINCT toUnixTimestamp(r.minute) AS minute
FROM oslo_requests_1m AS r FINAL
INNER JOIN
(
    SELECT trace_id, any(resolved_operation) AS operation
    FROM oslo_requests_1m FINAL
    WHERE minute IN (SELECT arrayJoin(minutes)) AND version >= {version:UInt64}
    GROUP BY trace_id
) AS now ON now.trace_id = r.trace_id
WHERE r.minute BETWEEN arrayMin(minutes) - INTERVAL 2 HOUR AND arrayMax(minutes) + INTERVAL 2 HOUR
  AND r.minute NOT IN (SELECT arrayJoin(minutes))
  AND r.resolved_operation != now.operation
