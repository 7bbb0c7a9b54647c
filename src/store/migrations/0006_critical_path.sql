-- What the duration of each user's request was made of: a row a segment, in the order of time. They touch each other. Written
-- once a request has ended, and anew where more of it became known.
CREATE TABLE IF NOT EXISTS oslo_critical_path
(
    -- When the request began.
    started_at       DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(3)),
    trace_id         UUID CODEC(ZSTD(3)),
    seq              UInt32 CODEC(Delta(4), ZSTD(3)),
    operation        LowCardinality(String) CODEC(ZSTD(3)),
    -- See src/trace/critical-path.ts.
    what             Enum8('queue' = 1, 'work' = 2, 'reply' = 3, 'outside' = 4) CODEC(ZSTD(3)),
    -- Of the message that waited, is handled, is answered; of an 'outside' what came next.
    unique_id        UUID CODEC(ZSTD(3)),
    name             LowCardinality(String) CODEC(ZSTD(3)),
    service          LowCardinality(String) CODEC(ZSTD(3)),
    host             LowCardinality(String) CODEC(ZSTD(3)),
    -- The work that it was part of, or that waited for it.
    stage_unique_id  UUID CODEC(ZSTD(3)),
    stage            LowCardinality(String) CODEC(ZSTD(3)),
    stage_service    LowCardinality(String) CODEC(ZSTD(3)),
    stage_host       LowCardinality(String) CODEC(ZSTD(3)),
    from_at          DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(3)),
    to_at            DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(3)),
    ms               Float64 CODEC(ZSTD(3)),
    -- The sum of its messages' revisions: of which state of the request this is the path.
    revision         UInt64 CODEC(ZSTD(3))
)
ENGINE = ReplacingMergeTree(revision)
PARTITION BY toYYYYMM(started_at)
ORDER BY (started_at, trace_id, seq);
