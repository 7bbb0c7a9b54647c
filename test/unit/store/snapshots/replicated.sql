CREATE TABLE IF NOT EXISTS oslo_messages
(
    published_at          DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(3)),
    unique_id             UUID CODEC(NONE),
    trace_id              UUID CODEC(ZSTD(3)),
    is_request            Bool CODEC(ZSTD(3)),
    parent_unique_id      UUID CODEC(ZSTD(3)),
    join                  Enum8('none' = 0, 'handled' = 1, 'request_id' = 2, 'resource' = 3, 'rest' = 4) CODEC(ZSTD(3)),
    confidence            Enum8('likely' = 0, 'certain' = 1) CODEC(ZSTD(3)),
    operation             LowCardinality(String) CODEC(ZSTD(3)),
    operation_rank        UInt8 CODEC(ZSTD(3)),
    kind                  Enum8('call' = 1, 'cast' = 2, 'fanout' = 3, 'notification' = 4) CODEC(ZSTD(3)),
    method                LowCardinality(String) CODEC(ZSTD(3)),
    object                LowCardinality(String) CODEC(ZSTD(3)),
    namespace             LowCardinality(String) CODEC(ZSTD(3)),
    version               LowCardinality(String) CODEC(ZSTD(3)),
    vhost                 LowCardinality(String) CODEC(ZSTD(3)),
    exchange              LowCardinality(String) CODEC(ZSTD(3)),
    routing_key           LowCardinality(String) CODEC(ZSTD(3)),
    request_id            String CODEC(ZSTD(3)),
    global_request_id     String CODEC(ZSTD(3)),
    from_service          LowCardinality(String) CODEC(ZSTD(3)),
    from_host             LowCardinality(String) CODEC(ZSTD(3)),
    from_process          LowCardinality(String) CODEC(ZSTD(3)),
    bytes                 UInt32 CODEC(ZSTD(3)),
    status                Enum8('ok' = 1, 'failed' = 2, 'timeout' = 3, 'open' = 4, 'sent' = 5) CODEC(ZSTD(3)),
    failure               LowCardinality(String) CODEC(ZSTD(3)),
    replied_at            DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(3)),
    reply_published_at    DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(3)),
    reply_queue           LowCardinality(String) CODEC(ZSTD(3)),
    replies               UInt32 CODEC(ZSTD(3)),
    failures              UInt32 CODEC(ZSTD(3)),
    reply_bytes           UInt64 CODEC(ZSTD(3)),
    reply_deliveries      UInt32 CODEC(ZSTD(3)),
    reply_bytes_delivered UInt64 CODEC(ZSTD(3)),
    routed_queues         Array(LowCardinality(String)) CODEC(ZSTD(3)),
    delivered_at          Array(DateTime64(9, 'UTC')) CODEC(ZSTD(3)),
    to_service            Array(LowCardinality(String)) CODEC(ZSTD(3)),
    to_host               Array(LowCardinality(String)) CODEC(ZSTD(3)),
    to_process            Array(LowCardinality(String)) CODEC(ZSTD(3)),
    to_queue              Array(LowCardinality(String)) CODEC(ZSTD(3)),
    to_redelivered        Array(Bool) CODEC(ZSTD(3)),
    to_reread             Array(Bool) CODEC(ZSTD(3)),
    resources             Array(UUID) CODEC(ZSTD(3)),
    closed                Enum8('answered' = 1, 'timed_out' = 2, 'settled' = 3, 'end_of_input' = 4, 'evicted' = 5) CODEC(ZSTD(3)),
    ended_at              DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(3)),
    missing               UInt32 CODEC(ZSTD(3)),
    revision              UInt32 CODEC(ZSTD(3)),
    INDEX trace_id_bloom trace_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplicatedReplacingMergeTree(revision)
PARTITION BY toYYYYMM(published_at)
ORDER BY (published_at, unique_id);

CREATE TABLE IF NOT EXISTS oslo_unmatched
(
    received_at DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(3)),
    event_id    FixedString(16),
    reason      LowCardinality(String),
    direction   Enum8('publish' = 1, 'deliver' = 2, 'unknown' = 3),
    exchange    LowCardinality(String),
    queue       LowCardinality(String),
    connection  String CODEC(ZSTD(3)),
    bytes       UInt32
)
ENGINE = ReplicatedReplacingMergeTree
PARTITION BY toYYYYMM(received_at)
ORDER BY (received_at, event_id);

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
ENGINE = ReplicatedMergeTree
PARTITION BY toDate(Timestamp)
ORDER BY (ServiceName, SpanName, toDateTime(Timestamp), Timestamp, SpanId);

CREATE TABLE IF NOT EXISTS otel_traces_trace_id_ts
(
    TraceId String CODEC(ZSTD(3)),
    Start   DateTime CODEC(Delta(4), ZSTD(3)),
    End     DateTime CODEC(Delta(4), ZSTD(3))
)
ENGINE = ReplicatedMergeTree
PARTITION BY toDate(Start)
ORDER BY (TraceId, toUnixTimestamp(Start));

CREATE MATERIALIZED VIEW IF NOT EXISTS otel_traces_trace_id_ts_mv TO otel_traces_trace_id_ts AS
SELECT TraceId, toDateTime(min(Timestamp)) AS Start, toDateTime(max(Timestamp)) AS End
FROM otel_traces
WHERE TraceId != ''
GROUP BY TraceId;

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

CREATE TABLE IF NOT EXISTS oslo_gaps
(
    started_at    DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(3)),
    id            FixedString(16),
    reason        LowCardinality(String),
    vhost         LowCardinality(String),
    node          LowCardinality(String),
    ended_at      DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(3)),
    is_open       Bool,
    share         Float32,
    lost_min      UInt64,
    lost_estimate UInt64,
    detail        String CODEC(ZSTD(3)),
    revision      UInt64
)
ENGINE = ReplicatedReplacingMergeTree(revision)
PARTITION BY toYYYYMM(started_at)
ORDER BY (started_at, id);

ALTER TABLE oslo_messages ADD COLUMN IF NOT EXISTS is_lagging Bool DEFAULT false CODEC(ZSTD(3)) AFTER missing;

CREATE VIEW IF NOT EXISTS oslo_coverage AS
SELECT
    p.minute AS minute,
    sum(p.seen) AS seen,
    sum(p.missing) AS missing,
    round(sum(p.lost)) AS lost,
    if(seen + missing + lost = 0, 1, seen / (seen + missing + lost)) AS coverage
FROM
(
    SELECT
        toStartOfMinute(m.published_at) AS minute,
        1 + m.replies + length(m.delivered_at) + m.reply_deliveries AS seen,
        m.missing AS missing,
        0. AS lost
    FROM oslo_messages AS m FINAL
    UNION ALL
    SELECT toStartOfMinute(u.received_at), 1, u.reason IN ('delivery_without_publish', 'reply_without_request'), 0.
    FROM oslo_unmatched AS u FINAL
    UNION ALL
    SELECT
        toStartOfMinute(g.started_at) + INTERVAL n MINUTE AS minute,
        0, 0,
        g.lost_estimate * greatest(0, dateDiff('ms', greatest(g.started_at, minute), least(g.ended_at, minute + INTERVAL 1 MINUTE)))
            / greatest(1, dateDiff('ms', g.started_at, g.ended_at))
    FROM (SELECT * FROM oslo_gaps FINAL) AS g
    ARRAY JOIN range(toUInt32(1 + dateDiff('minute', toStartOfMinute(g.started_at), toStartOfMinute(g.ended_at)))) AS n
) AS p
GROUP BY p.minute;

ALTER TABLE oslo_messages ADD COLUMN IF NOT EXISTS evidence LowCardinality(String) CODEC(ZSTD(3)) AFTER confidence,
    ADD COLUMN IF NOT EXISTS evidence_resource UUID CODEC(ZSTD(3)) AFTER evidence,
    ADD COLUMN IF NOT EXISTS candidates UInt16 CODEC(ZSTD(3)) AFTER evidence_resource,
    ADD COLUMN IF NOT EXISTS verdict LowCardinality(String) CODEC(ZSTD(3)) AFTER failure,
    ADD COLUMN IF NOT EXISTS verdict_evidence LowCardinality(String) CODEC(ZSTD(3)) AFTER verdict,
    ADD COLUMN IF NOT EXISTS culprit_service LowCardinality(String) CODEC(ZSTD(3)) AFTER verdict_evidence,
    ADD COLUMN IF NOT EXISTS culprit_host LowCardinality(String) CODEC(ZSTD(3)) AFTER culprit_service,
    ADD COLUMN IF NOT EXISTS culprit_queue LowCardinality(String) CODEC(ZSTD(3)) AFTER culprit_host,
    ADD COLUMN IF NOT EXISTS http_action LowCardinality(String) CODEC(ZSTD(3)) AFTER culprit_queue,
    ADD COLUMN IF NOT EXISTS http_path LowCardinality(String) CODEC(ZSTD(3)) AFTER http_action,
    ADD COLUMN IF NOT EXISTS http_status UInt16 CODEC(ZSTD(3)) AFTER http_path;

CREATE TABLE IF NOT EXISTS oslo_links
(
    published_at DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(3)),
    unique_id    UUID CODEC(NONE),
    trace_id     UUID CODEC(ZSTD(3)),
    to_trace_id  UUID CODEC(ZSTD(3)),
    resource     UUID CODEC(ZSTD(3)),
    revision     UInt32 CODEC(ZSTD(3)),
    INDEX trace_id_bloom trace_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX to_trace_id_bloom to_trace_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplicatedReplacingMergeTree(revision)
PARTITION BY toYYYYMM(published_at)
ORDER BY (published_at, unique_id, to_trace_id);

CREATE TABLE IF NOT EXISTS oslo_critical_path
(
    started_at       DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(3)),
    trace_id         UUID CODEC(ZSTD(3)),
    seq              UInt32 CODEC(Delta(4), ZSTD(3)),
    operation        LowCardinality(String) CODEC(ZSTD(3)),
    what             Enum8('queue' = 1, 'work' = 2, 'reply' = 3, 'outside' = 4) CODEC(ZSTD(3)),
    unique_id        UUID CODEC(ZSTD(3)),
    name             LowCardinality(String) CODEC(ZSTD(3)),
    service          LowCardinality(String) CODEC(ZSTD(3)),
    host             LowCardinality(String) CODEC(ZSTD(3)),
    stage_unique_id  UUID CODEC(ZSTD(3)),
    stage            LowCardinality(String) CODEC(ZSTD(3)),
    stage_service    LowCardinality(String) CODEC(ZSTD(3)),
    stage_host       LowCardinality(String) CODEC(ZSTD(3)),
    from_at          DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(3)),
    to_at            DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(3)),
    ms               Float64 CODEC(ZSTD(3)),
    revision         UInt64 CODEC(ZSTD(3))
)
ENGINE = ReplicatedReplacingMergeTree(revision)
PARTITION BY toYYYYMM(started_at)
ORDER BY (started_at, trace_id, seq);

CREATE TABLE IF NOT EXISTS oslo_minutes
(
    minute       DateTime('UTC') CODEC(Delta(4), ZSTD(3)),
    touched_at   SimpleAggregateFunction(max, UInt64) CODEC(ZSTD(3)),
    begun_at     SimpleAggregateFunction(max, UInt64) CODEC(ZSTD(3)),
    rolled_up_at SimpleAggregateFunction(max, UInt64) CODEC(ZSTD(3))
)
ENGINE = ReplicatedAggregatingMergeTree
ORDER BY minute;

CREATE TABLE IF NOT EXISTS oslo_requests_1m
(
    minute             DateTime('UTC') CODEC(Delta(4), ZSTD(3)),
    trace_id           UUID CODEC(ZSTD(3)),
    operation          LowCardinality(String) CODEC(ZSTD(3)),
    operation_rank     UInt8 CODEC(ZSTD(3)),
    operation_at       DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(3)),
    resolved_operation LowCardinality(String) CODEC(ZSTD(3)),
    started_at         DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(3)),
    ended_at           DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(3)),
    calls              UInt32 CODEC(ZSTD(3)),
    casts              UInt32 CODEC(ZSTD(3)),
    fanouts            UInt32 CODEC(ZSTD(3)),
    notifications      UInt32 CODEC(ZSTD(3)),
    replies            UInt32 CODEC(ZSTD(3)),
    deliveries         UInt32 CODEC(ZSTD(3)),
    fanout_deliveries  UInt32 CODEC(ZSTD(3)),
    failures           UInt32 CODEC(ZSTD(3)),
    timeouts           UInt32 CODEC(ZSTD(3)),
    open               UInt32 CODEC(ZSTD(3)),
    bytes_published    UInt64 CODEC(ZSTD(3)),
    bytes_delivered    UInt64 CODEC(ZSTD(3)),
    missing            UInt32 CODEC(ZSTD(3)),
    lagging            UInt32 CODEC(ZSTD(3)),
    version            UInt64 CODEC(ZSTD(3)),
    is_deleted         UInt8 CODEC(ZSTD(3))
)
ENGINE = ReplicatedReplacingMergeTree(version, is_deleted)
PARTITION BY toYYYYMM(minute)
ORDER BY (minute, trace_id);

CREATE TABLE IF NOT EXISTS oslo_methods_1m
(
    minute          DateTime('UTC') CODEC(Delta(4), ZSTD(3)),
    is_request      Bool CODEC(ZSTD(3)),
    operation       LowCardinality(String) CODEC(ZSTD(3)),
    kind            Enum8('call' = 1, 'cast' = 2, 'fanout' = 3, 'notification' = 4) CODEC(ZSTD(3)),
    method          LowCardinality(String) CODEC(ZSTD(3)),
    object          LowCardinality(String) CODEC(ZSTD(3)),
    from_service    LowCardinality(String) CODEC(ZSTD(3)),
    messages        UInt64 CODEC(ZSTD(3)),
    replies         UInt64 CODEC(ZSTD(3)),
    deliveries      UInt64 CODEC(ZSTD(3)),
    failures        UInt64 CODEC(ZSTD(3)),
    timeouts        UInt64 CODEC(ZSTD(3)),
    open            UInt64 CODEC(ZSTD(3)),
    bytes_published UInt64 CODEC(ZSTD(3)),
    bytes_delivered UInt64 CODEC(ZSTD(3)),
    lagging         UInt64 CODEC(ZSTD(3)),
    duration_us     AggregateFunction(quantilesDD(0.01, 0.5, 0.95, 0.99), Float64) CODEC(ZSTD(3)),
    wait_us         AggregateFunction(quantilesDD(0.01, 0.5, 0.95, 0.99), Float64) CODEC(ZSTD(3)),
    version         UInt64 CODEC(ZSTD(3)),
    is_deleted      UInt8 CODEC(ZSTD(3))
)
ENGINE = ReplicatedReplacingMergeTree(version, is_deleted)
PARTITION BY toYYYYMM(minute)
ORDER BY (minute, is_request, operation, kind, method, object, from_service);

CREATE TABLE IF NOT EXISTS oslo_edges_1m
(
    minute       DateTime('UTC') CODEC(Delta(4), ZSTD(3)),
    is_request   Bool CODEC(ZSTD(3)),
    operation    LowCardinality(String) CODEC(ZSTD(3)),
    kind         Enum8('call' = 1, 'cast' = 2, 'fanout' = 3, 'notification' = 4) CODEC(ZSTD(3)),
    from_service LowCardinality(String) CODEC(ZSTD(3)),
    to_service   LowCardinality(String) CODEC(ZSTD(3)),
    deliveries   UInt64 CODEC(ZSTD(3)),
    failures     UInt64 CODEC(ZSTD(3)),
    timeouts     UInt64 CODEC(ZSTD(3)),
    duration_us  AggregateFunction(quantilesDD(0.01, 0.5, 0.95, 0.99), Float64) CODEC(ZSTD(3)),
    wait_us      AggregateFunction(quantilesDD(0.01, 0.5, 0.95, 0.99), Float64) CODEC(ZSTD(3)),
    version      UInt64 CODEC(ZSTD(3)),
    is_deleted   UInt8 CODEC(ZSTD(3))
)
ENGINE = ReplicatedReplacingMergeTree(version, is_deleted)
PARTITION BY toYYYYMM(minute)
ORDER BY (minute, is_request, operation, kind, from_service, to_service);

CREATE TABLE IF NOT EXISTS oslo_queues_1m
(
    minute          DateTime('UTC') CODEC(Delta(4), ZSTD(3)),
    vhost           LowCardinality(String) CODEC(ZSTD(3)),
    queue           LowCardinality(String) CODEC(ZSTD(3)),
    kind            Enum8('call' = 1, 'cast' = 2, 'fanout' = 3, 'notification' = 4) CODEC(ZSTD(3)),
    routed          UInt64 CODEC(ZSTD(3)),
    deliveries      UInt64 CODEC(ZSTD(3)),
    redelivered     UInt64 CODEC(ZSTD(3)),
    bytes_routed    UInt64 CODEC(ZSTD(3)),
    bytes_delivered UInt64 CODEC(ZSTD(3)),
    queues          AggregateFunction(uniq, String) CODEC(ZSTD(3)),
    consumers       AggregateFunction(uniq, String) CODEC(ZSTD(3)),
    wait_us         AggregateFunction(quantilesDD(0.01, 0.5, 0.95, 0.99), Float64) CODEC(ZSTD(3)),
    version         UInt64 CODEC(ZSTD(3)),
    is_deleted      UInt8 CODEC(ZSTD(3))
)
ENGINE = ReplicatedReplacingMergeTree(version, is_deleted)
PARTITION BY toYYYYMM(minute)
ORDER BY (minute, vhost, queue, kind);

CREATE TABLE IF NOT EXISTS oslo_reply_queues_1m
(
    minute          DateTime('UTC') CODEC(Delta(4), ZSTD(3)),
    reply_queue     String CODEC(ZSTD(3)),
    service         LowCardinality(String) CODEC(ZSTD(3)),
    host            LowCardinality(String) CODEC(ZSTD(3)),
    calls           UInt64 CODEC(ZSTD(3)),
    open            UInt64 CODEC(ZSTD(3)),
    timeouts        UInt64 CODEC(ZSTD(3)),
    replies         UInt64 CODEC(ZSTD(3)),
    deliveries      UInt64 CODEC(ZSTD(3)),
    bytes_published UInt64 CODEC(ZSTD(3)),
    bytes_delivered UInt64 CODEC(ZSTD(3)),
    version         UInt64 CODEC(ZSTD(3)),
    is_deleted      UInt8 CODEC(ZSTD(3))
)
ENGINE = ReplicatedReplacingMergeTree(version, is_deleted)
PARTITION BY toYYYYMM(minute)
ORDER BY (minute, reply_queue, service, host);

CREATE TABLE IF NOT EXISTS oslo_fanouts_1m
(
    minute          DateTime('UTC') CODEC(Delta(4), ZSTD(3)),
    exchange        LowCardinality(String) CODEC(ZSTD(3)),
    method          LowCardinality(String) CODEC(ZSTD(3)),
    from_service    LowCardinality(String) CODEC(ZSTD(3)),
    messages        UInt64 CODEC(ZSTD(3)),
    deliveries      UInt64 CODEC(ZSTD(3)),
    deliveries_max  UInt64 CODEC(ZSTD(3)),
    bytes_published UInt64 CODEC(ZSTD(3)),
    bytes_delivered UInt64 CODEC(ZSTD(3)),
    version         UInt64 CODEC(ZSTD(3)),
    is_deleted      UInt8 CODEC(ZSTD(3))
)
ENGINE = ReplicatedReplacingMergeTree(version, is_deleted)
PARTITION BY toYYYYMM(minute)
ORDER BY (minute, exchange, method, from_service);

CREATE TABLE IF NOT EXISTS oslo_verdicts_1m
(
    minute          DateTime('UTC') CODEC(Delta(4), ZSTD(3)),
    is_request      Bool CODEC(ZSTD(3)),
    operation       LowCardinality(String) CODEC(ZSTD(3)),
    verdict         LowCardinality(String) CODEC(ZSTD(3)),
    method          LowCardinality(String) CODEC(ZSTD(3)),
    culprit_service LowCardinality(String) CODEC(ZSTD(3)),
    culprit_host    LowCardinality(String) CODEC(ZSTD(3)),
    culprit_queue   LowCardinality(String) CODEC(ZSTD(3)),
    calls           UInt64 CODEC(ZSTD(3)),
    version         UInt64 CODEC(ZSTD(3)),
    is_deleted      UInt8 CODEC(ZSTD(3))
)
ENGINE = ReplicatedReplacingMergeTree(version, is_deleted)
PARTITION BY toYYYYMM(minute)
ORDER BY (minute, is_request, operation, verdict, method, culprit_service, culprit_host, culprit_queue);

CREATE TABLE IF NOT EXISTS oslo_senders_1m
(
    minute          DateTime('UTC') CODEC(Delta(4), ZSTD(3)),
    from_service    LowCardinality(String) CODEC(ZSTD(3)),
    from_host       LowCardinality(String) CODEC(ZSTD(3)),
    kind            Enum8('call' = 1, 'cast' = 2, 'fanout' = 3, 'notification' = 4) CODEC(ZSTD(3)),
    method          LowCardinality(String) CODEC(ZSTD(3)),
    messages        UInt64 CODEC(ZSTD(3)),
    deliveries      UInt64 CODEC(ZSTD(3)),
    bytes_published UInt64 CODEC(ZSTD(3)),
    bytes_delivered UInt64 CODEC(ZSTD(3)),
    version         UInt64 CODEC(ZSTD(3)),
    is_deleted      UInt8 CODEC(ZSTD(3))
)
ENGINE = ReplicatedReplacingMergeTree(version, is_deleted)
PARTITION BY toYYYYMM(minute)
ORDER BY (minute, from_service, from_host, kind, method);

CREATE TABLE IF NOT EXISTS oslo_coverage_1m
(
    minute     DateTime('UTC') CODEC(Delta(4), ZSTD(3)),
    seen       UInt64 CODEC(ZSTD(3)),
    missing    UInt64 CODEC(ZSTD(3)),
    version    UInt64 CODEC(ZSTD(3)),
    is_deleted UInt8 CODEC(ZSTD(3))
)
ENGINE = ReplicatedReplacingMergeTree(version, is_deleted)
PARTITION BY toYYYYMM(minute)
ORDER BY minute;

CREATE VIEW IF NOT EXISTS oslo_requests_between AS
SELECT
    r.trace_id AS trace_id,
    argMax(r.operation, (r.operation_rank, -toUnixTimestamp64Nano(r.operation_at))) AS operation,
    min(r.started_at) AS started_at,
    max(r.ended_at) AS ended_at,
    sum(r.calls) AS calls,
    sum(r.casts) AS casts,
    sum(r.fanouts) AS fanouts,
    sum(r.notifications) AS notifications,
    sum(r.replies) AS replies,
    calls + casts + fanouts + notifications + replies AS publishes,
    sum(r.deliveries) AS deliveries,
    sum(r.fanout_deliveries) AS fanout_deliveries,
    sum(r.failures) AS failures,
    sum(r.timeouts) AS timeouts,
    sum(r.open) AS open,
    sum(r.bytes_published) AS bytes_published,
    sum(r.bytes_delivered) AS bytes_delivered,
    sum(r.missing) AS missing,
    sum(r.lagging) AS lagging
FROM oslo_requests_1m AS r FINAL
WHERE r.minute BETWEEN {from:DateTime64(3)} - INTERVAL 121 MINUTE AND {to:DateTime64(3)} + INTERVAL 2 HOUR
GROUP BY r.trace_id
HAVING started_at BETWEEN {from:DateTime64(3)} AND {to:DateTime64(3)};

CREATE VIEW IF NOT EXISTS oslo_traces_between AS
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
WHERE m.published_at BETWEEN fromUnixTimestamp64Nano({from:Int64}, 'UTC') AND fromUnixTimestamp64Nano({to:Int64}, 'UTC')
GROUP BY m.trace_id;

CREATE OR REPLACE VIEW oslo_requests AS
SELECT * FROM oslo_traces_between(from = 0, to = 9223372036854775807);

ALTER TABLE oslo_messages ADD INDEX IF NOT EXISTS request_id_bloom request_id TYPE bloom_filter(0.01) GRANULARITY 1,
    ADD INDEX IF NOT EXISTS global_request_id_bloom global_request_id TYPE bloom_filter(0.01) GRANULARITY 1,
    ADD INDEX IF NOT EXISTS resources_bloom resources TYPE bloom_filter(0.01) GRANULARITY 1;

ALTER TABLE otel_traces_trace_id_ts_mv MODIFY QUERY
SELECT TraceId, toDateTime(min(Timestamp)) AS Start, toDateTime(max(Timestamp + toIntervalNanosecond(Duration))) AS End
FROM otel_traces
WHERE TraceId != ''
GROUP BY TraceId;

INSERT INTO otel_traces_trace_id_ts
SELECT TraceId, toDateTime(min(Timestamp)), toDateTime(max(Timestamp + toIntervalNanosecond(Duration)))
FROM otel_traces
WHERE TraceId != ''
GROUP BY TraceId;

INSERT INTO oslo_minutes (minute, touched_at)
SELECT toStartOfMinute(published_at) AS minute, 1 FROM oslo_messages GROUP BY minute
UNION ALL
SELECT toStartOfMinute(received_at) AS minute, 1 FROM oslo_unmatched GROUP BY minute;

CREATE OR REPLACE VIEW oslo_coverage AS
SELECT
    p.minute AS minute,
    sum(p.seen) AS seen,
    sum(p.missing) AS missing,
    round(sum(p.lost)) AS lost,
    if(seen + missing + lost = 0, 1, seen / (seen + missing + lost)) AS coverage
FROM
(
    SELECT c.minute AS minute, c.seen AS seen, c.missing AS missing, 0. AS lost
    FROM oslo_coverage_1m AS c FINAL
    UNION ALL
    SELECT
        toStartOfMinute(g.started_at) + INTERVAL n MINUTE AS minute,
        0, 0,
        g.lost_estimate * greatest(0, dateDiff('ms', greatest(g.started_at, minute), least(g.ended_at, minute + INTERVAL 1 MINUTE)))
            / greatest(1, dateDiff('ms', g.started_at, g.ended_at))
    FROM (SELECT * FROM oslo_gaps FINAL) AS g
    ARRAY JOIN range(toUInt32(1 + dateDiff('minute', toStartOfMinute(g.started_at), toStartOfMinute(g.ended_at)))) AS n
) AS p
GROUP BY p.minute;

ALTER TABLE oslo_messages MODIFY SETTING non_replicated_deduplication_window = 1000;

ALTER TABLE oslo_unmatched MODIFY SETTING non_replicated_deduplication_window = 1000;

ALTER TABLE oslo_links MODIFY SETTING non_replicated_deduplication_window = 1000;

ALTER TABLE oslo_gaps MODIFY SETTING non_replicated_deduplication_window = 1000;

ALTER TABLE oslo_critical_path MODIFY SETTING non_replicated_deduplication_window = 1000;

ALTER TABLE otel_traces MODIFY SETTING non_replicated_deduplication_window = 1000;

ALTER TABLE otel_traces_trace_id_ts MODIFY SETTING non_replicated_deduplication_window = 1000;

ALTER TABLE oslo_critical_path DROP COLUMN IF EXISTS ms;

ALTER TABLE oslo_critical_path ADD COLUMN IF NOT EXISTS ms Float64 ALIAS dateDiff('nanosecond', from_at, to_at) / 1e6;

ALTER TABLE oslo_messages MODIFY COLUMN replied_at DateTime64(9, 'UTC') CODEC(ZSTD(3)),
    MODIFY COLUMN reply_published_at DateTime64(9, 'UTC') CODEC(ZSTD(3));

CREATE TABLE IF NOT EXISTS oslo_storms
(
    started_at           DateTime64(9, 'UTC'),
    id                   FixedString(16),
    vhost                LowCardinality(String),
    detected_at          DateTime64(9, 'UTC'),
    ended_at             DateTime64(9, 'UTC'),
    is_open              Bool,
    signals              Array(LowCardinality(String)),
    `methods.method`     Array(LowCardinality(String)),
    `methods.objects`    Array(Array(LowCardinality(String))),
    `methods.kind`       Array(LowCardinality(String)),
    `methods.exchange`   Array(LowCardinality(String)),
    `methods.topic`      Array(LowCardinality(String)),
    `methods.messages`   Array(UInt64),
    `methods.share`      Array(Float64),
    `methods.usual_per_second` Array(Float64),
    `methods.peak_per_second`  Array(Float64),
    method               LowCardinality(String) DEFAULT `methods.method`[1],
    exchange             LowCardinality(String) DEFAULT `methods.exchange`[1],
    topic                LowCardinality(String) DEFAULT `methods.topic`[1],
    `senders.service`    Array(LowCardinality(String)),
    `senders.host`       Array(LowCardinality(String)),
    `senders.messages`   Array(UInt64),
    `senders.share`      Array(Float64),
    senders_count        UInt64,
    `receivers.service`  Array(LowCardinality(String)),
    `receivers.host`     Array(LowCardinality(String)),
    `receivers.messages` Array(UInt64),
    `receivers.share`    Array(Float64),
    trigger              LowCardinality(String),
    trigger_detail       String,
    trigger_trace_id     Nullable(UUID),
    trigger_count        UInt64,
    messages             UInt64,
    copies               UInt64,
    bytes                UInt64,
    bytes_copied         UInt64,
    usual_per_second     Float64,
    peak_per_second      Float64,
    amplification_usual  Nullable(Float64),
    amplification        Nullable(Float64),
    per_request_usual    Nullable(Float64),
    per_request          Nullable(Float64),
    failed_share_usual   Nullable(Float64),
    failed_share         Nullable(Float64),
    queue_wait_ms_usual  Nullable(Float64),
    queue_wait_ms        Nullable(Float64),
    revision             UInt64
)
ENGINE = ReplicatedReplacingMergeTree(revision)
PARTITION BY toYYYYMM(started_at)
ORDER BY (started_at, id)
SETTINGS non_replicated_deduplication_window = 1000;

ALTER TABLE oslo_messages ADD COLUMN IF NOT EXISTS arguments LowCardinality(String) CODEC(ZSTD(3)) AFTER version;
