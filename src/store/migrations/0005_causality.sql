-- Why a message is in its trace, what became of a call that failed, and what an audited HTTP request was.
ALTER TABLE oslo_messages
    -- By what it was joined: a closed list, see src/trace/evidence.ts; '' where nothing tied it.
    ADD COLUMN IF NOT EXISTS evidence LowCardinality(String) CODEC(ZSTD(3)) AFTER confidence,
    -- The resource that decided, where one did.
    ADD COLUMN IF NOT EXISTS evidence_resource UUID CODEC(ZSTD(3)) AFTER evidence,
    -- How many messages its sender might have sent it for.
    ADD COLUMN IF NOT EXISTS candidates UInt16 CODEC(ZSTD(3)) AFTER evidence_resource,
    -- Calls that failed: a closed list, see src/trace/verdicts.ts; '' for all others.
    ADD COLUMN IF NOT EXISTS verdict LowCardinality(String) CODEC(ZSTD(3)) AFTER failure,
    ADD COLUMN IF NOT EXISTS verdict_evidence LowCardinality(String) CODEC(ZSTD(3)) AFTER verdict,
    ADD COLUMN IF NOT EXISTS culprit_service LowCardinality(String) CODEC(ZSTD(3)) AFTER verdict_evidence,
    ADD COLUMN IF NOT EXISTS culprit_host LowCardinality(String) CODEC(ZSTD(3)) AFTER culprit_service,
    ADD COLUMN IF NOT EXISTS culprit_queue LowCardinality(String) CODEC(ZSTD(3)) AFTER culprit_host,
    -- Audit notifications alone: CADF's action, the path as a template, the status of the response (0: a request).
    ADD COLUMN IF NOT EXISTS http_action LowCardinality(String) CODEC(ZSTD(3)) AFTER culprit_queue,
    ADD COLUMN IF NOT EXISTS http_path LowCardinality(String) CODEC(ZSTD(3)) AFTER http_action,
    ADD COLUMN IF NOT EXISTS http_status UInt16 CODEC(ZSTD(3)) AFTER http_path;

-- Causes across traces, and the resource that says so: a batch that services sent for several requests, background work that
-- came across what a request was at work on. Read it in both directions.
CREATE TABLE IF NOT EXISTS oslo_links
(
    published_at DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(3)),
    -- The message that concerns another trace.
    unique_id    UUID CODEC(NONE),
    trace_id     UUID CODEC(ZSTD(3)),
    to_trace_id  UUID CODEC(ZSTD(3)),
    resource     UUID CODEC(ZSTD(3)),
    revision     UInt32 CODEC(ZSTD(3)),
    INDEX trace_id_bloom trace_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX to_trace_id_bloom to_trace_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(revision)
PARTITION BY toYYYYMM(published_at)
ORDER BY (published_at, unique_id, to_trace_id);
