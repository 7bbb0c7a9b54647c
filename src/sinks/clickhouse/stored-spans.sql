-- The spans of one trace, in the order of their beginning.
SELECT
    SpanId AS span_id,
    ParentSpanId AS parent_span_id,
    SpanName AS name,
    SpanKind AS kind,
    ResourceAttributes AS resource,
    SpanAttributes AS attributes,
    toString(toUnixTimestamp64Nano(Timestamp)) AS start_ns,
    toString(toUnixTimestamp64Nano(Timestamp) + Duration) AS end_ns,
    StatusCode = 'Error' AS is_error,
    StatusMessage AS status_message,
    arrayMap(at -> toString(toUnixTimestamp64Nano(at)), Events.Timestamp) AS event_ns,
    Events.Name AS event_types,
    Links.TraceId AS link_traces,
    Links.SpanId AS link_spans,
    Links.Attributes AS link_attributes
FROM otel_traces
WHERE TraceId = {trace:String}
  AND toUnixTimestamp64Nano(Timestamp) BETWEEN {from:Int64} AND {to:Int64}
ORDER BY Timestamp, SpanId
