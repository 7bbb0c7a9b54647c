-- Every method that was called in a time: a row for each exchange, topic, namespace, method, object, version and kind. Hosts are left out
-- of the names; what the topic is, src/trace/target.ts says too. Where the tap lagged, its times say nothing. If there are more rows than
-- the limit, those with the most messages are told.
WITH
    {from:Int64} AS from_ns,
    requests AS
    (
        SELECT trace_id, operation
        FROM oslo_traces_between(from = {traces_from:Int64}, to = {to:Int64})
        WHERE is_request
    ),
    calls AS
    (
        SELECT
            m.kind AS kind,
            extract(
                if(m.kind = 'fanout', replaceRegexpOne(m.exchange, '_fanout$', ''), m.routing_key),
                '^(?:neutron-vo-.*|ironic\\.conductor_manager|[^.]*)') AS topic,
            if(m.kind = 'fanout', concat(topic, '_fanout'), replaceRegexpOne(m.exchange, '\\.[^.0-9].*$', '.{host}')) AS exchange_name,
            m.kind != 'fanout' AND m.routing_key != topic AS is_to_one,
            m.namespace AS namespace_name,
            m.method AS method,
            m.object AS object_name,
            m.version AS version_name,
            m.arguments AS shape,
            toString(m.from_service) AS from_service,
            toString(m.from_host) AS from_host,
            m.to_service AS to_service,
            m.to_host AS to_host,
            m.bytes AS size,
            m.reply_bytes AS reply_size,
            m.replies > 0 AS has_reply,
            m.status AS status,
            toString(m.failure) AS failure_class,
            toString(r.operation) AS operation,
            m.kind = 'call' AND m.status IN ('ok', 'failed') AND toUnixTimestamp64Nano(m.replied_at) > 0 AND NOT m.is_lagging AS is_timed,
            (toUnixTimestamp64Nano(m.replied_at) - toUnixTimestamp64Nano(m.published_at)) / 1e6 AS took_ms,
            arrayMap(
                at -> (toUnixTimestamp64Nano(at) - toUnixTimestamp64Nano(m.published_at)) / 1e6,
                if(m.is_lagging, [], m.delivered_at)) AS waits_ms
        FROM oslo_messages AS m FINAL
        LEFT JOIN requests AS r ON r.trace_id = m.trace_id
        WHERE m.published_at BETWEEN fromUnixTimestamp64Nano(from_ns, 'UTC') AND fromUnixTimestamp64Nano({to:Int64}, 'UTC')
          AND m.kind != 'notification'
    )
SELECT
    exchange_name AS exchange,
    topic,
    nullIf(namespace_name, '') AS namespace,
    method,
    nullIf(object_name, '') AS object,
    nullIf(version_name, '') AS version,
    kind,
    count() AS messages,
    countIf(is_to_one) AS to_one_server,
    sum(length(to_service)) AS deliveries,
    sumMap(map(from_service, toUInt64(1))) AS caller_messages,
    uniqExactMap(map(from_service, from_host)) AS caller_hosts,
    sumMap(to_service, arrayWithConstant(length(to_service), toUInt64(1))) AS server_deliveries,
    uniqExactMap(mapFromArrays(to_service, to_host)) AS server_hosts,
    sumMapIf(map(toString(shape), toUInt64(1)), shape != '') AS shapes,
    [quantileExact(0.5)(size), quantileExact(0.95)(size), max(size)] AS bytes,
    countIf(has_reply) AS answered,
    [quantileExactIf(0.5)(reply_size, has_reply), quantileExactIf(0.95)(reply_size, has_reply), max(reply_size)] AS reply_bytes,
    countIf(is_timed) AS timed,
    [quantileExactIf(0.5)(took_ms, is_timed), quantileExactIf(0.95)(took_ms, is_timed)] AS answered_ms,
    [quantileExactArray(0.5)(waits_ms), quantileExactArray(0.95)(waits_ms)] AS wait_ms,
    countIf(status = 'failed') AS failed,
    countIf(status = 'timeout') AS timeouts,
    countIf(status = 'open') AS open,
    sumMapIf(map(failure_class, toUInt64(1)), failure_class != '') AS failures,
    sumMap(map(operation, toUInt64(1))) AS operations,
    count() OVER () AS methods
FROM calls
GROUP BY exchange_name, topic, namespace_name, method, object_name, version_name, kind
ORDER BY messages DESC, topic, exchange, namespace, method, object, version, kind
LIMIT {limit:UInt32}
