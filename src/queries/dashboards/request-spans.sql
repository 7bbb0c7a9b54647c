-- The spans of one trace, as the trace view wants them. Times are milliseconds.
WITH
    (SELECT min(t.Start) FROM otel_traces_trace_id_ts AS t WHERE t.TraceId = {trace:String}) AS begun,
    (SELECT max(t.End) FROM otel_traces_trace_id_ts AS t WHERE t.TraceId = {trace:String}) AS ended
SELECT
    s.TraceId AS traceID,
    s.SpanId AS spanID,
    s.ParentSpanId AS parentSpanID,
    toString(s.ServiceName) AS serviceName,
    toString(s.SpanName) AS operationName,
    toUnixTimestamp64Micro(s.Timestamp) / 1e3 AS startTime,
    s.Duration / 1e6 AS duration,
    arrayMap((k, v) -> map('key', toString(k), 'value', toString(v)), mapKeys(s.SpanAttributes), mapValues(s.SpanAttributes)) AS tags,
    arrayMap((k, v) -> map('key', toString(k), 'value', toString(v)), mapKeys(s.ResourceAttributes), mapValues(s.ResourceAttributes)) AS serviceTags,
    CAST(
        arrayMap(
            (name, at, attributes) -> (
                toString(name),
                toUnixTimestamp64Micro(at) / 1e3,
                arrayMap((k, v) -> map('key', toString(k), 'value', toString(v)), mapKeys(attributes), mapValues(attributes))),
            s.Events.Name, s.Events.Timestamp, s.Events.Attributes),
        'Array(Tuple(name String, timestamp Float64, fields Array(Map(String, String))))') AS logs,
    CAST(
        arrayFilter(
            link -> link.2 != '',
            arrayMap(
                (trace, span, attributes) -> (
                    trace,
                    span,
                    arrayMap((k, v) -> map('key', toString(k), 'value', toString(v)), mapKeys(attributes), mapValues(attributes))),
                s.Links.TraceId, s.Links.SpanId, s.Links.Attributes)),
        'Array(Tuple(traceID String, spanID String, tags Array(Map(String, String))))') AS references,
    lower(toString(s.SpanKind)) AS kind,
    toUInt8(if(s.StatusCode = 'Error', 2, if(s.StatusCode = 'Ok', 1, 0))) AS statusCode,
    s.StatusMessage AS statusMessage
FROM otel_traces AS s
WHERE s.TraceId = {trace:String} AND s.Timestamp BETWEEN begun AND ended + INTERVAL 1 SECOND
ORDER BY s.Timestamp, s.ParentSpanId != '', s.SpanId
LIMIT 5000
