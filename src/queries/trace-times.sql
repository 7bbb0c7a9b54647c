-- From when to when messages of some traces were published, nanoseconds since the epoch, as text; and how many of the traces are known.
SELECT
    toString(toUnixTimestamp64Nano(toDateTime64(min(Start) - INTERVAL 1 SECOND, 9))) AS from,
    toString(toUnixTimestamp64Nano(toDateTime64(max(End) + INTERVAL 1 MINUTE, 9))) AS to,
    uniqExact(TraceId) AS traces
FROM otel_traces_trace_id_ts
WHERE TraceId IN {traces:Array(String)}
