-- The messages of some requests, counted by request and by all that tells one RPC from another: a row for what is the same.
-- Hosts are left out of names, so that two clouds can be compared. Where the tap lagged, its times say nothing.
WITH
    toUnixTimestamp64Nano(m.replied_at) AS replied_ns,
    (replied_ns - toUnixTimestamp64Nano(m.published_at)) / 1e6 AS took_ms,
    if(length(m.to_host) > 0 AND m.to_host[1] != '', concat('.', m.to_host[1]), ' ') AS host_ending
SELECT
    lower(hex(m.trace_id)) AS trace_id,
    m.kind AS kind,
    -- A version in a topic (neutron-vo-Port-1.10) is no host.
    if(match(m.exchange, '^[^.]*-[0-9]+\\.[0-9]+(_fanout)?$'), m.exchange, replaceRegexpOne(m.exchange, '\\..*?(_fanout)?$', '.{host}\\1')) AS exchange,
    multiIf(
        m.kind = 'fanout', replaceRegexpOne(exchange, '_fanout$', ''),
        m.kind = 'notification', m.routing_key,
        endsWith(m.routing_key, host_ending), concat(substring(m.routing_key, 1, length(m.routing_key) - length(host_ending)), '.{host}'),
        match(m.routing_key, '^[^.]*-[0-9]+\\.[0-9]+$'), m.routing_key,
        replaceRegexpOne(m.routing_key, '\\..*$', '.{host}')) AS topic,
    nullIf(m.namespace, '') AS namespace,
    m.method AS method,
    nullIf(m.object, '') AS object,
    m.version AS version,
    m.arguments AS arguments,
    m.from_service AS from_service,
    arrayStringConcat(arraySort(arrayDistinct(m.to_service)), '\n') AS to_services,
    m.http_action AS http_action,
    m.http_path AS http_path,
    m.http_status > 0 AS is_http_answer,
    count() AS messages,
    sum(length(m.delivered_at)) AS deliveries,
    groupArrayIf(took_ms, m.kind = 'call' AND m.status IN ('ok', 'failed') AND replied_ns > 0 AND NOT m.is_lagging) AS took_ms_each
FROM oslo_messages AS m FINAL
WHERE m.published_at BETWEEN fromUnixTimestamp64Nano({from:Int64}, 'UTC') AND fromUnixTimestamp64Nano({to:Int64}, 'UTC')
  AND m.trace_id IN (SELECT toUUID(arrayJoin({traces:Array(String)})))
GROUP BY
    m.trace_id, kind, exchange, topic, namespace, method, object, version, arguments, from_service, to_services,
    http_action, http_path, is_http_answer
ORDER BY kind, exchange, topic, namespace, method, object, version, arguments, from_service, to_services, http_path, http_action, m.trace_id
