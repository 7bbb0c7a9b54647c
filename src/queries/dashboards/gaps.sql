-- Stretches in which the tap did not see everything, newest first.
SELECT
    g.started_at AS started_at,
    g.ended_at AS ended_at,
    dateDiff('millisecond', g.started_at, g.ended_at) / 1e3 AS duration_s,
    toString(g.reason) AS reason,
    toString(g.vhost) AS vhost,
    toString(g.node) AS node,
    if(g.is_open, 'lasts', 'over') AS state,
    toFloat64(g.share) AS unseen_share,
    g.lost_min AS lost_at_least,
    g.lost_estimate AS lost_estimate
FROM oslo_gaps AS g FINAL
WHERE g.started_at <= {to:DateTime64(3)} AND g.ended_at >= {from:DateTime64(3)}
ORDER BY started_at DESC, g.id
LIMIT 200
