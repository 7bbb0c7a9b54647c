-- One row a trace: an API request, a round of a periodic task, or what nothing ties to either.
-- A reply belongs to the trace of its call: it is counted from the call's row.
CREATE VIEW IF NOT EXISTS oslo_requests AS
SELECT
    m.trace_id AS trace_id,
    max(m.is_request) AS is_request,
    argMax(m.operation, (m.operation_rank, -toUnixTimestamp64Nano(m.published_at))) AS operation,
    min(m.published_at) AS started_at,
    max(m.ended_at) AS ended_at,
    countIf(m.kind = 'call') AS calls,
    countIf(m.kind = 'cast') AS casts,
    countIf(m.kind = 'fanout') AS fanouts,
    countIf(m.kind = 'notification') AS notifications,
    sum(m.replies) AS replies,
    count() + sum(m.replies) AS publishes,
    sum(length(m.delivered_at)) + sum(m.reply_deliveries) AS deliveries,
    sumIf(length(m.delivered_at), m.kind = 'fanout') AS fanout_deliveries,
    sum(m.failures) AS failures,
    countIf(m.status = 'timeout') AS timeouts,
    countIf(m.status = 'open') AS open,
    sum(m.bytes) + sum(m.reply_bytes) AS bytes_published,
    sum(m.bytes * length(m.delivered_at)) + sum(m.reply_bytes_delivered) AS bytes_delivered,
    sum(m.missing) AS missing
FROM oslo_messages AS m FINAL
GROUP BY m.trace_id;
