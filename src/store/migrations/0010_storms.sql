-- RPC storms: stretches of time in which services sent, or the broker copied, many times what they usually do. A row a storm, written
-- when it is known to be one, again as it goes on, and when it is over: read them FINAL. Shapes and closed lists: src/storm.ts.
CREATE TABLE IF NOT EXISTS oslo_storms
(
    started_at           DateTime64(9, 'UTC'),
    id                   FixedString(16),
    vhost                LowCardinality(String),
    -- When it was known to be one.
    detected_at          DateTime64(9, 'UTC'),
    -- When it was last above its bounds; as far as it has come, where it is open.
    ended_at             DateTime64(9, 'UTC'),
    is_open              Bool,
    -- What gave it away, in the order of its coming.
    signals              Array(LowCardinality(String)),
    -- What grew: the most first, at most 10.
    `methods.method`     Array(LowCardinality(String)),
    `methods.objects`    Array(Array(LowCardinality(String))),
    `methods.kind`       Array(LowCardinality(String)),
    `methods.exchange`   Array(LowCardinality(String)),
    `methods.topic`      Array(LowCardinality(String)),
    `methods.messages`   Array(UInt64),
    -- Of all messages of the storm: 0 to 1.
    `methods.share`      Array(Float64),
    -- Messages a second.
    `methods.usual_per_second` Array(Float64),
    `methods.peak_per_second`  Array(Float64),
    -- The first of them.
    method               LowCardinality(String) DEFAULT `methods.method`[1],
    exchange             LowCardinality(String) DEFAULT `methods.exchange`[1],
    topic                LowCardinality(String) DEFAULT `methods.topic`[1],
    -- Who sent it: the most first, at most 20, of so many.
    `senders.service`    Array(LowCardinality(String)),
    `senders.host`       Array(LowCardinality(String)),
    `senders.messages`   Array(UInt64),
    `senders.share`      Array(Float64),
    senders_count        UInt64,
    -- Whom it was for: the most first, at most 10; a host of '' is any.
    `receivers.service`  Array(LowCardinality(String)),
    `receivers.host`     Array(LowCardinality(String)),
    `receivers.messages` Array(UInt64),
    `receivers.share`    Array(Float64),
    -- What was seen to start it; processes, requests or messages of that kind.
    trigger              LowCardinality(String),
    trigger_detail       String,
    trigger_trace_id     Nullable(UUID),
    trigger_count        UInt64,
    -- Of the methods that grew: published, and copied to queues.
    messages             UInt64,
    copies               UInt64,
    bytes                UInt64,
    bytes_copied         UInt64,
    -- Messages a second of all that grew: as usual, and in the worst ten seconds.
    usual_per_second     Float64,
    peak_per_second      Float64,
    -- As usual, and in the storm; NULL where it is not known. Copies a message; messages a request of a user; of the calls that
    -- ended, the share that failed; mean time from publish to delivery.
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
ENGINE = ReplacingMergeTree(revision)
PARTITION BY toYYYYMM(started_at)
ORDER BY (started_at, id)
SETTINGS non_replicated_deduplication_window = 1000;
