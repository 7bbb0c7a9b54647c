-- Storms that lasted in the time range, newest first. A row leads to its own time, and to the trace that started it.
SELECT
    s.started_at AS started_at,
    s.ended_at AS ended_at,
    dateDiff('millisecond', s.started_at, s.ended_at) / 1e3 AS duration_s,
    if(s.is_open, 'open', 'over') AS state,
    concat(
        arrayElement(s.`methods.kind`, 1), ' ', toString(s.method),
        if(empty(arrayElement(s.`methods.objects`, 1)), '', concat(' (', arrayStringConcat(arrayElement(s.`methods.objects`, 1), ', '), ')')),
        ' at ', toString(s.topic),
        if(length(s.`methods.method`) > 1, concat(', and ', toString(length(s.`methods.method`) - 1), ' more'), '')) AS grew,
    s.usual_per_second AS usual,
    s.peak_per_second AS peak,
    if(s.usual_per_second > 0, s.peak_per_second / s.usual_per_second, NULL) AS times,
    concat(
        arrayStringConcat(arrayDistinct(s.`senders.service`), ', '),
        ', most ', arrayElement(s.`senders.host`, 1), ' (', toString(round(100 * arrayElement(s.`senders.share`, 1))), ' %)') AS senders,
    s.senders_count AS senders_count,
    toString(s.trigger) AS trigger,
    s.trigger_detail AS detail,
    coalesce(lower(hex(s.trigger_trace_id)), '') AS trace,
    arrayStringConcat(s.signals, ', ') AS signals,
    s.messages AS messages,
    s.copies AS copies,
    s.bytes_copied AS bytes_copied,
    s.queue_wait_ms AS queue_wait_ms,
    s.failed_share AS failed_share,
    toString(s.id) AS storm,
    toUnixTimestamp64Milli(s.started_at) - 120000 AS from_ms,
    toUnixTimestamp64Milli(s.ended_at) + 120000 AS to_ms
FROM oslo_storms AS s FINAL
WHERE s.started_at <= {to:DateTime64(3)} AND s.ended_at >= {from:DateTime64(3)}
ORDER BY started_at DESC, s.id
LIMIT 200
