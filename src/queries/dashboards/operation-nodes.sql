-- The call graph of one operation, its nodes: services, with what each was given and how much of that failed.
SELECT
    s.service AS id,
    s.service AS title,
    if(sum(s.served) = 0, 'only asks', 'is asked') AS subtitle,
    concat(toString(sum(s.served)), ' in') AS mainstat,
    concat(toString(sum(s.sent)), ' out') AS secondarystat,
    if(sum(s.served) = 0, 1, 1 - sum(s.failed) / sum(s.served)) AS arc__ok,
    if(sum(s.served) = 0, 0, sum(s.failed) / sum(s.served)) AS arc__failed,
    sum(s.own) AS detail__to_itself,
    sum(s.failed) AS detail__failed
FROM
(
    SELECT if(e.to_service = '', 'unknown', toString(e.to_service)) AS service, e.deliveries AS served, 0 AS sent,
        e.failures + e.timeouts AS failed, if(e.to_service = e.from_service, e.deliveries, 0) AS own
    FROM oslo_edges_1m AS e FINAL
    WHERE e.minute BETWEEN toStartOfMinute({from:DateTime64(3)}) AND {to:DateTime64(3)}
      AND e.is_request AND e.operation = {operation:String} AND e.kind != 'notification'
    UNION ALL
    SELECT if(e.from_service = '', 'unknown', toString(e.from_service)) AS service, 0 AS served, e.deliveries AS sent, 0 AS failed, 0 AS own
    FROM oslo_edges_1m AS e FINAL
    WHERE e.minute BETWEEN toStartOfMinute({from:DateTime64(3)}) AND {to:DateTime64(3)}
      AND e.is_request AND e.operation = {operation:String} AND e.kind != 'notification'
) AS s
GROUP BY s.service
ORDER BY sum(s.served) DESC, id
