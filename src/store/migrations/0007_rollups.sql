-- What dashboards read: each minute's sums, computed from the minute's messages as a whole, again whenever one of them is written
-- or replaced (src/sinks/clickhouse/roll-ups.ts). So nothing is counted twice, whatever a retry or a kill did to an insert.

-- Which minutes are to be computed: touched before anything of them is written, rolled up once all tables have them. Several
-- sidecars may write to one store: one that finds that another began after it computes the minute again.
CREATE TABLE IF NOT EXISTS oslo_minutes
(
    minute       DateTime('UTC') CODEC(Delta(4), ZSTD(3)),
    -- The store's clock, nanoseconds.
    touched_at   SimpleAggregateFunction(max, UInt64) CODEC(ZSTD(3)),
    begun_at     SimpleAggregateFunction(max, UInt64) CODEC(ZSTD(3)),
    rolled_up_at SimpleAggregateFunction(max, UInt64) CODEC(ZSTD(3))
)
ENGINE = AggregatingMergeTree
ORDER BY minute;

-- Of every table below the row with the newest version of a key counts, and none where that is a deletion: read them FINAL.

-- Users' requests: the part of each that was published in a minute.
CREATE TABLE IF NOT EXISTS oslo_requests_1m
(
    minute             DateTime('UTC') CODEC(Delta(4), ZSTD(3)),
    trace_id           UUID CODEC(ZSTD(3)),
    -- What this minute's messages tell of the operation, and when; of all of the request's minutes the greatest wins.
    operation          LowCardinality(String) CODEC(ZSTD(3)),
    operation_rank     UInt8 CODEC(ZSTD(3)),
    operation_at       DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(3)),
    -- The one that won when this minute was computed: the minute's other tables are by it.
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
    -- Messages whose times are late because the tap lagged.
    lagging            UInt32 CODEC(ZSTD(3)),
    version            UInt64 CODEC(ZSTD(3)),
    is_deleted         UInt8 CODEC(ZSTD(3))
)
ENGINE = ReplacingMergeTree(version, is_deleted)
PARTITION BY toYYYYMM(minute)
ORDER BY (minute, trace_id);

-- Messages by operation ('' where no user asked), kind, method and sender. States are of microseconds (they are
-- within 1 % from 1 up, not below), without what lagged.
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
    -- Of calls: from the publish until the caller had its answer.
    duration_us     AggregateFunction(quantilesDD(0.01, 0.5, 0.95, 0.99), Float64) CODEC(ZSTD(3)),
    -- From the publish until each delivery.
    wait_us         AggregateFunction(quantilesDD(0.01, 0.5, 0.95, 0.99), Float64) CODEC(ZSTD(3)),
    version         UInt64 CODEC(ZSTD(3)),
    is_deleted      UInt8 CODEC(ZSTD(3))
)
ENGINE = ReplacingMergeTree(version, is_deleted)
PARTITION BY toYYYYMM(minute)
ORDER BY (minute, is_request, operation, kind, method, object, from_service);

-- Who asks whom: deliveries by sender and receiver.
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
ENGINE = ReplacingMergeTree(version, is_deleted)
PARTITION BY toYYYYMM(minute)
ORDER BY (minute, is_request, operation, kind, from_service, to_service);

-- Queues that requests, casts, fanouts and notifications go through. Ids and hosts are left out of their names.
CREATE TABLE IF NOT EXISTS oslo_queues_1m
(
    minute          DateTime('UTC') CODEC(Delta(4), ZSTD(3)),
    vhost           LowCardinality(String) CODEC(ZSTD(3)),
    queue           LowCardinality(String) CODEC(ZSTD(3)),
    kind            Enum8('call' = 1, 'cast' = 2, 'fanout' = 3, 'notification' = 4) CODEC(ZSTD(3)),
    -- Copies that were put into it, and what was taken out: less in the end is what nobody took.
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
ENGINE = ReplacingMergeTree(version, is_deleted)
PARTITION BY toYYYYMM(minute)
ORDER BY (minute, vhost, queue, kind);

-- Reply queues, each by the process that owns it: the one that calls.
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
ENGINE = ReplacingMergeTree(version, is_deleted)
PARTITION BY toYYYYMM(minute)
ORDER BY (minute, reply_queue, service, host);

-- Fanouts: how many deliveries one publish makes.
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
ENGINE = ReplacingMergeTree(version, is_deleted)
PARTITION BY toYYYYMM(minute)
ORDER BY (minute, exchange, method, from_service);

-- Calls that failed, and where.
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
ENGINE = ReplacingMergeTree(version, is_deleted)
PARTITION BY toYYYYMM(minute)
ORDER BY (minute, is_request, operation, verdict, method, culprit_service, culprit_host, culprit_queue);

-- Who talks, and how much: messages by sender's host and method, and their bytes.
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
ENGINE = ReplacingMergeTree(version, is_deleted)
PARTITION BY toYYYYMM(minute)
ORDER BY (minute, from_service, from_host, kind, method);

-- Events seen, and events known to be missing; what went lost in gaps is added by oslo_coverage.
CREATE TABLE IF NOT EXISTS oslo_coverage_1m
(
    minute     DateTime('UTC') CODEC(Delta(4), ZSTD(3)),
    seen       UInt64 CODEC(ZSTD(3)),
    missing    UInt64 CODEC(ZSTD(3)),
    version    UInt64 CODEC(ZSTD(3)),
    is_deleted UInt8 CODEC(ZSTD(3))
)
ENGINE = ReplacingMergeTree(version, is_deleted)
PARTITION BY toYYYYMM(minute)
ORDER BY minute;

-- Users' requests that began between two times, a row each. One that lasts for more than two hours is cut there.
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

-- The traces of what was published between two times (nanoseconds since the epoch), as oslo_requests has them.
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

CREATE OR REPLACE VIEW oslo_requests AS SELECT * FROM oslo_traces_between(from = 0, to = 9223372036854775807);

-- What an id is looked up by, beside the trace's own.
ALTER TABLE oslo_messages
    ADD INDEX IF NOT EXISTS request_id_bloom request_id TYPE bloom_filter(0.01) GRANULARITY 1,
    ADD INDEX IF NOT EXISTS global_request_id_bloom global_request_id TYPE bloom_filter(0.01) GRANULARITY 1,
    ADD INDEX IF NOT EXISTS resources_bloom resources TYPE bloom_filter(0.01) GRANULARITY 1;

-- A trace's time reaches to the end of its last span: what is between its spans' beginnings and ends is found by it, too.
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

-- What is in the store already is rolled up by the next run.
INSERT INTO oslo_minutes (minute, touched_at)
SELECT toStartOfMinute(published_at) AS minute, 1 FROM oslo_messages GROUP BY minute
UNION ALL
SELECT toStartOfMinute(received_at) AS minute, 1 FROM oslo_unmatched GROUP BY minute;

-- The same columns as before, from the minutes' sums.
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
