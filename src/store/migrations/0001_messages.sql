-- One row a message (call, cast, fanout, notification; a reply is part of its call's row): the source of every count.
-- The zero uuid and the zero time stand for "none": Nullable would cost a byte a row and the compression of its neighbours.
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
    -- The final reply, as the caller got it; published earlier by the server.
    replied_at            DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(3)),
    reply_published_at    DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(3)),
    reply_queue           LowCardinality(String) CODEC(ZSTD(3)),
    -- Replies, heartbeats of call monitoring included.
    replies               UInt32 CODEC(ZSTD(3)),
    failures              UInt32 CODEC(ZSTD(3)),
    reply_bytes           UInt64 CODEC(ZSTD(3)),
    reply_deliveries      UInt32 CODEC(ZSTD(3)),
    reply_bytes_delivered UInt64 CODEC(ZSTD(3)),
    routed_queues         Array(LowCardinality(String)) CODEC(ZSTD(3)),
    -- One element a delivery of the message itself, in the order of time.
    delivered_at          Array(DateTime64(9, 'UTC')) CODEC(ZSTD(3)),
    to_service            Array(LowCardinality(String)) CODEC(ZSTD(3)),
    to_host               Array(LowCardinality(String)) CODEC(ZSTD(3)),
    to_process            Array(LowCardinality(String)) CODEC(ZSTD(3)),
    to_queue              Array(LowCardinality(String)) CODEC(ZSTD(3)),
    to_redelivered        Array(Bool) CODEC(ZSTD(3)),
    to_reread             Array(Bool) CODEC(ZSTD(3)),
    -- Resources that the messages which began a request name: what it was at work on. Not what it only asked about.
    resources             Array(UUID) CODEC(ZSTD(3)),
    closed                Enum8('answered' = 1, 'timed_out' = 2, 'settled' = 3, 'end_of_input' = 4, 'evicted' = 5) CODEC(ZSTD(3)),
    -- The last thing seen of it: an event of its own, or what its handlers did.
    ended_at              DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(3)),
    -- Events that must have been but were not seen: a call answered without its delivery, a reply without its publish.
    missing               UInt32 CODEC(ZSTD(3)),
    -- How much this row knows. Read again from a longer recording, the row that knows more replaces the other.
    revision              UInt32 CODEC(ZSTD(3)),
    INDEX trace_id_bloom trace_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(revision)
PARTITION BY toYYYYMM(published_at)
ORDER BY (published_at, unique_id);

-- Events in no message's row: their other half was never seen, or they could not be understood. Structure only.
CREATE TABLE IF NOT EXISTS oslo_unmatched
(
    received_at DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(3)),
    -- The event's own id: a fixed hash of what makes it the same event when it is seen again.
    event_id    FixedString(16),
    reason      LowCardinality(String),
    direction   Enum8('publish' = 1, 'deliver' = 2, 'unknown' = 3),
    exchange    LowCardinality(String),
    queue       LowCardinality(String),
    connection  String CODEC(ZSTD(3)),
    bytes       UInt32
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(received_at)
ORDER BY (received_at, event_id);
