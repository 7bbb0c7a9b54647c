-- The operations of users' requests that began in a time, and how many requests each has.
SELECT r.operation AS operation, count() AS requests
FROM oslo_traces_between(from = {from:Int64}, to = {to:Int64}) AS r
WHERE r.is_request AND toUnixTimestamp64Nano(r.started_at) BETWEEN {began_from:Int64} AND {began_to:Int64}
GROUP BY r.operation
ORDER BY r.operation
