-- What the critical paths of some requests are told from: their messages, oldest first. Times are nanoseconds, as text.
SELECT
    lower(hex(m.trace_id)) AS trace_id,
    lower(hex(m.unique_id)) AS unique_id,
    if(m.parent_unique_id = toUUIDOrZero(''), NULL, lower(hex(m.parent_unique_id))) AS parent_unique_id,
    kind,
    if(m.object = '', m.method, m.object) AS name,
    request_id,
    join,
    from_service,
    from_host,
    from_process,
    to_service,
    to_host,
    to_process,
    toString(toUnixTimestamp64Nano(m.published_at)) AS published_ns,
    arrayMap(at -> toString(toUnixTimestamp64Nano(at)), m.delivered_at) AS delivered_ns,
    toString(toUnixTimestamp64Nano(m.reply_published_at)) AS reply_published_ns,
    toString(toUnixTimestamp64Nano(m.replied_at)) AS replied_ns,
    toString(toUnixTimestamp64Nano(m.ended_at)) AS ended_ns,
    http_action,
    http_path,
    http_status
FROM oslo_messages AS m FINAL
WHERE m.published_at BETWEEN fromUnixTimestamp64Nano({from:Int64}, 'UTC') AND fromUnixTimestamp64Nano({to:Int64}, 'UTC')
  AND m.trace_id IN (SELECT toUUID(arrayJoin({traces:Array(String)})))
ORDER BY m.published_at, m.unique_id
