-- Users' requests that began in a time, newest first; of one operation, or of all.
SELECT lower(hex(r.trace_id)) AS trace_id, r.operation AS operation
FROM oslo_traces_between(from = {from:Int64}, to = {to:Int64}) AS r
WHERE r.is_request
  AND ({operation:String} = '' OR r.operation = {operation:String})
  AND toUnixTimestamp64Nano(r.started_at) BETWEEN {began_from:Int64} AND {began_to:Int64}
ORDER BY r.started_at DESC, r.trace_id
LIMIT {limit:UInt64}
