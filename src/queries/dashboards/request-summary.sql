-- One trace: what it is called, when it was, what it cost, and how much of it the tap saw. One row.
WITH
    (SELECT min(t.Start) FROM otel_traces_trace_id_ts AS t WHERE t.TraceId = {trace:String}) AS begun,
    (SELECT max(t.End) FROM otel_traces_trace_id_ts AS t WHERE t.TraceId = {trace:String}) AS ended,
    500000000 AS margin,
    (
        SELECT groupArray((toUnixTimestamp64Nano(g.started_at), toUnixTimestamp64Nano(g.ended_at), g.share))
        FROM oslo_gaps AS g FINAL
        WHERE g.started_at <= ended + INTERVAL 1 SECOND AND g.ended_at >= begun - INTERVAL 1 SECOND
    ) AS gaps
SELECT
    if(s.is_request, concat('req-', toString(toUUIDOrZero({trace:String}))), '') AS request,
    toString(s.operation) AS operation,
    s.started_at AS started_at,
    (s.end_ns - s.start_ns) / 1e6 AS duration_ms,
    s.publishes AS messages,
    s.deliveries AS deliveries,
    s.failures AS failures,
    s.timeouts AS timeouts,
    s.open AS open,
    s.bytes_published AS bytes_published,
    s.seen / (s.seen + s.missing)
        * (1 - least(1, arraySum(
            g -> g.3 * greatest(0, least(g.2, s.end_ns + margin) - greatest(g.1, s.start_ns - margin)), gaps)
            / (s.end_ns - s.start_ns + 2 * margin))) AS coverage,
    intDiv(s.start_ns, 1000000) - 60000 AS logs_from_ms,
    intDiv(s.end_ns, 1000000) + 60000 AS logs_to_ms
FROM
(
    SELECT
        max(m.is_request) AS is_request,
        argMax(m.operation, (m.operation_rank, -toUnixTimestamp64Nano(m.published_at))) AS operation,
        min(m.published_at) AS started_at,
        toUnixTimestamp64Nano(started_at) AS start_ns,
        toUnixTimestamp64Nano(max(m.ended_at)) AS end_ns,
        count() + sum(m.replies) AS publishes,
        sum(length(m.delivered_at)) + sum(m.reply_deliveries) AS deliveries,
        sum(m.failures) AS failures,
        countIf(m.status = 'timeout') AS timeouts,
        countIf(m.status = 'open') AS open,
        sum(m.bytes) + sum(m.reply_bytes) AS bytes_published,
        publishes + deliveries AS seen,
        sum(m.missing) AS missing
    FROM oslo_messages AS m FINAL
    WHERE m.trace_id = toUUIDOrZero({trace:String}) AND m.published_at BETWEEN begun AND ended + INTERVAL 1 SECOND
    HAVING count() > 0
) AS s
