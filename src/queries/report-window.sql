-- What the store covers: its first and last message, the seconds observed (pauses of more than a minute left out), and
-- what was seen and what is known to be missing.
WITH
    (SELECT arraySort(groupUniqArray(toUInt32(toUnixTimestamp(published_at)))) FROM oslo_messages) AS seconds,
    (SELECT count() FROM oslo_unmatched AS u FINAL WHERE u.reason IN ('delivery_without_publish', 'reply_without_request')) AS halves,
    (SELECT count() FROM oslo_unmatched AS u FINAL WHERE u.reason NOT IN ('delivery_without_publish', 'reply_without_request')) AS undecodable
SELECT
    count() AS messages,
    concat(replaceOne(toString(min(m.published_at)), ' ', 'T'), 'Z') AS from,
    concat(replaceOne(toString(max(m.ended_at)), ' ', 'T'), 'Z') AS to,
    if(count() = 0, 0, 1 + arraySum(arrayFilter(gap -> gap <= 60, arrayDifference(seconds)))) AS observed_s,
    uniqExact(m.from_host) AS hosts,
    count() + sum(m.replies) + sum(length(m.delivered_at)) + sum(m.reply_deliveries) + halves AS seen,
    sum(m.missing) + halves AS missing,
    halves AS unmatched,
    undecodable,
    countIf(m.is_lagging) AS lagging
FROM oslo_messages AS m FINAL
