-- The call graph of one operation, its edges: who was given how many messages by whom, and the 95th percentile of calls.
SELECT
    concat(s.source, ' -> ', s.target) AS id,
    s.source AS source,
    s.target AS target,
    concat(toString(s.deliveries), if(s.deliveries = 1, ' message', ' messages')) AS mainstat,
    if(isNaN(s.q[2]), '', concat(toString(round(s.q[2], 1)), ' ms p95')) AS secondarystat,
    s.calls AS detail__calls,
    s.casts AS detail__casts,
    s.fanouts AS detail__fanouts,
    s.failed AS detail__failed,
    if(isNaN(s.q[2]), NULL, s.q[2]) AS detail__call_p95_ms
FROM
(
    SELECT
        if(e.from_service = '', 'unknown', toString(e.from_service)) AS source,
        if(e.to_service = '', 'unknown', toString(e.to_service)) AS target,
        sum(e.deliveries) AS deliveries,
        sumIf(e.deliveries, e.kind = 'call') AS calls,
        sumIf(e.deliveries, e.kind = 'cast') AS casts,
        sumIf(e.deliveries, e.kind = 'fanout') AS fanouts,
        sum(e.failures + e.timeouts) AS failed,
        arrayMap(us -> us / 1e3, quantilesDDMerge(0.01, 0.5, 0.95, 0.99)(e.duration_us)) AS q
    FROM oslo_edges_1m AS e FINAL
    WHERE e.minute BETWEEN toStartOfMinute({from:DateTime64(3)}) AND {to:DateTime64(3)}
      AND e.is_request AND e.operation = {operation:String} AND e.kind != 'notification' AND e.from_service != e.to_service
    GROUP BY source, target
) AS s
ORDER BY s.deliveries DESC, id
LIMIT 500
