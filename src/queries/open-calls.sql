-- Calls that wait for their answer as of the last thing in the store, oldest first; of some traces, or of all. One that a
-- recording left open longer ago than any service waits is of no request that still runs.
WITH
    (SELECT max(minute) FROM oslo_minutes) AS newest_minute,
    (
        SELECT toUnixTimestamp64Nano(max(greatest(published_at, ended_at)))
        FROM oslo_messages
        WHERE published_at >= newest_minute - INTERVAL 2 HOUR
    ) AS newest
SELECT
    lower(hex(m.trace_id)) AS trace_id,
    lower(hex(m.unique_id)) AS unique_id,
    if(m.object = '', m.method, m.object) AS method,
    if(empty(m.to_host), '', m.to_service[-1]) AS service,
    if(empty(m.to_host), '', m.to_host[-1]) AS host,
    routing_key,
    (newest - toUnixTimestamp64Nano(m.published_at)) / 1e6 AS waiting_ms
FROM oslo_messages AS m FINAL
WHERE m.kind = 'call' AND m.status = 'open' AND m.closed = 'end_of_input'
  AND toUnixTimestamp64Nano(m.published_at) >= newest - {max_ms:UInt64} * 1000000
  AND (empty({traces:Array(String)}) OR m.trace_id IN (SELECT toUUID(arrayJoin({traces:Array(String)}))))
ORDER BY m.published_at, m.unique_id
