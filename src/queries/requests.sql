-- Traces as `oslotap requests` lists them, newest first. `blind`: the share of a trace's time, half a second before and after
-- included, in which the tap did not see everything.
WITH
    500000000 AS margin,
    (
        SELECT groupArray((toUnixTimestamp64Nano(g.started_at), toUnixTimestamp64Nano(g.ended_at), g.share))
        FROM oslo_gaps AS g FINAL
    ) AS gaps,
    toUnixTimestamp64Nano(r.started_at) - margin AS from_ns,
    toUnixTimestamp64Nano(r.ended_at) + margin AS to_ns
SELECT
    lower(hex(r.trace_id)) AS trace_id,
    is_request,
    operation,
    concat(replaceOne(toString(r.started_at), ' ', 'T'), 'Z') AS start,
    (toUnixTimestamp64Nano(r.ended_at) - toUnixTimestamp64Nano(r.started_at)) / 1e6 AS duration_ms,
    calls, casts, fanouts, fanout_deliveries, notifications, replies, publishes, deliveries,
    failures, timeouts, open, bytes_published, bytes_delivered, missing,
    least(1, arraySum(g -> g.3 * greatest(0, least(g.2, to_ns) - greatest(g.1, from_ns)), gaps) / (to_ns - from_ns)) AS blind
FROM oslo_traces_between(from = {from:Int64}, to = {to:Int64}) AS r
WHERE ({all:Bool} OR r.is_request)
  -- What began before that is there by halves.
  AND ({began_since:Int64} = 0 OR r.trace_id NOT IN
  (
      SELECT trace_id
      FROM oslo_requests_1m FINAL
      WHERE minute BETWEEN fromUnixTimestamp64Nano({began_since:Int64}, 'UTC') - INTERVAL 2 HOUR AND fromUnixTimestamp64Nano({began_since:Int64}, 'UTC')
        AND toUnixTimestamp64Nano(started_at) < {began_since:Int64}
  ))
  AND (empty({traces:Array(String)}) OR r.trace_id IN (SELECT toUUID(arrayJoin({traces:Array(String)}))))
ORDER BY r.started_at DESC, r.trace_id
LIMIT {limit:UInt64}
