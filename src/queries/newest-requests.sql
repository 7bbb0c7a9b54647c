-- When the oldest of the newest users' requests began (nanoseconds since the epoch, as text), and how many they are.
SELECT toString(toUnixTimestamp64Nano(min(began_at))) AS from, count() AS requests
FROM
(
    SELECT min(started_at) AS began_at
    FROM oslo_requests_1m FINAL
    GROUP BY trace_id
    ORDER BY began_at DESC
    LIMIT {limit:UInt64}
)
