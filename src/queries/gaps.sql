-- Stretches in which the tap did not see everything, oldest first.
SELECT
    concat(replaceOne(toString(g.started_at), ' ', 'T'), 'Z') AS start,
    concat(replaceOne(toString(g.ended_at), ' ', 'T'), 'Z') AS end,
    dateDiff('ms', g.started_at, g.ended_at) / 1e3 AS duration_s,
    reason,
    vhost,
    node,
    is_open,
    lost_min,
    lost_estimate,
    detail
FROM oslo_gaps AS g FINAL
ORDER BY g.started_at, g.id
