-- The columns of the OpenTelemetry Collector's ClickHouse exporter, in their order, so that what reads its tables reads
-- these: Grafana's trace view, HyperDX, SigNoz. Source: exporter/clickhouseexporter/internal/sqltemplates/traces_table.sql.
CREATE TABLE IF NOT EXISTS otel_traces
(
    Timestamp          DateTime64(9) CODEC(Delta(8), ZSTD(3)),
    TraceId            String CODEC(ZSTD(3)),
    SpanId             String CODEC(ZSTD(3)),
    ParentSpanId       String CODEC(ZSTD(3)),
    TraceState         String CODEC(ZSTD(3)),
    SpanName           LowCardinality(String) CODEC(ZSTD(3)),
    SpanKind           LowCardinality(String) CODEC(ZSTD(3)),
    ServiceName        LowCardinality(String) CODEC(ZSTD(3)),
    ResourceAttributes Map(LowCardinality(String), String) CODEC(ZSTD(3)),
    ScopeName          String CODEC(ZSTD(3)),
    ScopeVersion       String CODEC(ZSTD(3)),
    SpanAttributes     Map(LowCardinality(String), String) CODEC(ZSTD(3)),
    Duration           UInt64 CODEC(ZSTD(3)),
    StatusCode         LowCardinality(String) CODEC(ZSTD(3)),
    StatusMessage      String CODEC(ZSTD(3)),
    Events Nested
    (
        Timestamp  DateTime64(9),
        Name       LowCardinality(String),
        Attributes Map(LowCardinality(String), String)
    ) CODEC(ZSTD(3)),
    Links Nested
    (
        TraceId    String,
        SpanId     String,
        TraceState String,
        Attributes Map(LowCardinality(String), String)
    ) CODEC(ZSTD(3)),
    INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX idx_res_attr_key mapKeys(ResourceAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_res_attr_value mapValues(ResourceAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_span_attr_key mapKeys(SpanAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_span_attr_value mapValues(SpanAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_duration Duration TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toDate(Timestamp)
ORDER BY (ServiceName, SpanName, toDateTime(Timestamp), Timestamp, SpanId);

-- When each trace was: without it, finding a trace by its id reads every partition.
CREATE TABLE IF NOT EXISTS otel_traces_trace_id_ts
(
    TraceId String CODEC(ZSTD(3)),
    Start   DateTime CODEC(Delta(4), ZSTD(3)),
    End     DateTime CODEC(Delta(4), ZSTD(3))
)
ENGINE = MergeTree
PARTITION BY toDate(Start)
ORDER BY (TraceId, toUnixTimestamp(Start));

CREATE MATERIALIZED VIEW IF NOT EXISTS otel_traces_trace_id_ts_mv TO otel_traces_trace_id_ts AS
SELECT TraceId, toDateTime(min(Timestamp)) AS Start, toDateTime(max(Timestamp)) AS End
FROM otel_traces
WHERE TraceId != ''
GROUP BY TraceId;
