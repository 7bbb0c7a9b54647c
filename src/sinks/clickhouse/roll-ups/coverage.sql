INSERT INTO oslo_coverage_1m (minute, seen, missing, version)
WITH {minutes:Array(DateTime('UTC'))} AS minutes
SELECT minute, sum(seen), sum(missing), {version:UInt64}
FROM
(
    SELECT
        toStartOfMinute(m.published_at) AS minute,
        1 + m.replies + length(m.delivered_at) + m.reply_deliveries AS seen,
        m.missing AS missing
    FROM oslo_messages AS m FINAL
    WHERE toStartOfMinute(m.published_at) IN (SELECT arrayJoin(minutes))
    UNION ALL
    SELECT
        toStartOfMinute(u.received_at) AS minute,
        1 AS seen,
        u.reason IN ('delivery_without_publish', 'reply_without_request') AS missing
    FROM oslo_unmatched AS u FINAL
    WHERE toStartOfMinute(u.received_at) IN (SELECT arrayJoin(minutes))
)
GROUP BY minute
