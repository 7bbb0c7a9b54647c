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
