-- What passed in the time range, and how much of it the tap saw: one row.
SELECT
    (SELECT count() FROM oslo_requests_between(from={from:DateTime64(3)}, to={to:DateTime64(3)})) AS requests,
    sum(m.messages) AS messages,
    sum(m.replies) AS replies,
    sum(m.bytes_published) AS bytes_published,
    sum(m.failures) AS failures,
    sum(m.timeouts) AS timeouts,
    (
        SELECT if(sum(seen + missing + lost) = 0, NULL, sum(seen) / sum(seen + missing + lost))
        FROM oslo_coverage
        WHERE minute BETWEEN toStartOfMinute({from:DateTime64(3)}) AND {to:DateTime64(3)}
    ) AS coverage
FROM oslo_methods_1m AS m FINAL
WHERE m.minute BETWEEN toStartOfMinute({from:DateTime64(3)}) AND {to:DateTime64(3)}
