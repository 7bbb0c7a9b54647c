-- Every host that the store knows by name.
SELECT DISTINCT host
FROM
(
    SELECT m.from_host AS host FROM oslo_messages AS m
    UNION ALL
    SELECT arrayJoin(m.to_host) FROM oslo_messages AS m
    UNION ALL
    SELECT m.culprit_host FROM oslo_messages AS m
    UNION ALL
    SELECT substring(g.node, position(g.node, '@') + 1) FROM oslo_gaps AS g
)
WHERE host != ''
ORDER BY host
