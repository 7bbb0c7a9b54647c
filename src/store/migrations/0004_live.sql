-- What a live tap adds: stretches in which it did not see everything, and times that are late because it lagged.
CREATE TABLE IF NOT EXISTS oslo_gaps
(
    started_at    DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(3)),
    id            FixedString(16),
    reason        LowCardinality(String),
    vhost         LowCardinality(String),
    -- '' for all that the tap sees.
    node          LowCardinality(String),
    -- As far as it has come, where it is open.
    ended_at      DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(3)),
    is_open       Bool,
    -- Of what passed, how much was not seen: 0 to 1.
    share         Float32,
    -- Events lost: known at least, and estimated from the rate before.
    lost_min      UInt64,
    lost_estimate UInt64,
    detail        String CODEC(ZSTD(3)),
    revision      UInt64
)
ENGINE = ReplacingMergeTree(revision)
PARTITION BY toYYYYMM(started_at)
ORDER BY (started_at, id);

ALTER TABLE oslo_messages ADD COLUMN IF NOT EXISTS is_lagging Bool DEFAULT false CODEC(ZSTD(3)) AFTER missing;

-- How much was seen in each minute, of what is known to have passed: seen, known to be missing, and lost in gaps (an estimate,
-- spread evenly over each gap).
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
