-- Users' requests, the part of each that was published in the minutes; with the operation that the whole of it is.
INSERT INTO oslo_requests_1m
(
    minute, trace_id, operation, operation_rank, operation_at, resolved_operation, started_at, ended_at,
    calls, casts, fanouts, notifications, replies, deliveries, fanout_deliveries, failures, timeouts, open,
    bytes_published, bytes_delivered, missing, lagging, version
)
WITH
    {minutes:Array(DateTime('UTC'))} AS minutes,
    own AS
    (
        SELECT
            toStartOfMinute(m.published_at) AS minute,
            m.trace_id AS trace_id,
            argMax((m.operation, m.operation_rank, m.published_at), (m.operation_rank, -toUnixTimestamp64Nano(m.published_at))) AS told,
            min(m.published_at) AS started_at,
            max(m.ended_at) AS ended_at,
            countIf(m.kind = 'call') AS calls,
            countIf(m.kind = 'cast') AS casts,
            countIf(m.kind = 'fanout') AS fanouts,
            countIf(m.kind = 'notification') AS notifications,
            sum(m.replies) AS replies,
            sum(length(m.delivered_at)) + sum(m.reply_deliveries) AS deliveries,
            sumIf(length(m.delivered_at), m.kind = 'fanout') AS fanout_deliveries,
            sum(m.failures) AS failures,
            countIf(m.status = 'timeout') AS timeouts,
            countIf(m.status = 'open') AS open,
            sum(m.bytes) + sum(m.reply_bytes) AS bytes_published,
            sum(m.bytes * length(m.delivered_at)) + sum(m.reply_bytes_delivered) AS bytes_delivered,
            sum(m.missing) AS missing,
            countIf(m.is_lagging) AS lagging
        FROM oslo_messages AS m FINAL
        WHERE m.is_request AND toStartOfMinute(m.published_at) IN (SELECT arrayJoin(minutes))
        GROUP BY minute, trace_id
    ),
    -- Of the same requests in other minutes.
    others AS
    (
        SELECT
            r.trace_id AS trace_id,
            (r.operation, r.operation_rank, r.operation_at) AS told
        FROM oslo_requests_1m AS r FINAL
        WHERE r.minute BETWEEN arrayMin(minutes) - INTERVAL 2 HOUR AND arrayMax(minutes) + INTERVAL 2 HOUR
          AND r.minute NOT IN (SELECT arrayJoin(minutes))
    ),
    resolved AS
    (
        SELECT trace_id, argMax(told.1, (told.2, -toUnixTimestamp64Nano(told.3))) AS operation
        FROM (SELECT trace_id, told FROM own UNION ALL SELECT trace_id, told FROM others)
        GROUP BY trace_id
    )
SELECT
    o.minute, o.trace_id, o.told.1, o.told.2, o.told.3, r.operation, o.started_at, o.ended_at,
    o.calls, o.casts, o.fanouts, o.notifications, o.replies, o.deliveries, o.fanout_deliveries, o.failures, o.timeouts, o.open,
    o.bytes_published, o.bytes_delivered, o.missing, o.lagging, {version:UInt64}
FROM own AS o
INNER JOIN resolved AS r ON r.trace_id = o.trace_id
