-- The bill of one trace: messages, deliveries and bytes of bodies, as oslotap show prints it.
WITH
    (SELECT min(t.Start) FROM otel_traces_trace_id_ts AS t WHERE t.TraceId = {trace:String}) AS begun,
    (SELECT max(t.End) FROM otel_traces_trace_id_ts AS t WHERE t.TraceId = {trace:String}) AS ended
SELECT s.line.2 AS what, s.line.3 AS messages, s.line.4 AS deliveries, s.line.5 AS bytes
FROM
(
    SELECT arrayJoin(
        [
            (1, 'calls', countIf(m.kind = 'call'), sumIf(length(m.delivered_at), m.kind = 'call'), sumIf(toUInt64(m.bytes), m.kind = 'call')),
            (2, 'replies', sum(m.replies), sum(m.reply_deliveries), sum(m.reply_bytes)),
            (3, 'casts', countIf(m.kind = 'cast'), sumIf(length(m.delivered_at), m.kind = 'cast'), sumIf(toUInt64(m.bytes), m.kind = 'cast')),
            (4, 'fanouts', countIf(m.kind = 'fanout'), sumIf(length(m.delivered_at), m.kind = 'fanout'), sumIf(toUInt64(m.bytes), m.kind = 'fanout')),
            (5, 'notifications', countIf(m.kind = 'notification'), sumIf(length(m.delivered_at), m.kind = 'notification'), sumIf(toUInt64(m.bytes), m.kind = 'notification')),
            (
                6, 'together',
                count() + sum(m.replies), sum(length(m.delivered_at)) + sum(m.reply_deliveries), sum(toUInt64(m.bytes)) + sum(m.reply_bytes)
            )
        ]) AS line
    FROM oslo_messages AS m FINAL
    WHERE m.trace_id = toUUIDOrZero({trace:String}) AND m.published_at BETWEEN begun AND ended + INTERVAL 1 SECOND
    HAVING count() > 0
) AS s
ORDER BY s.line.1
