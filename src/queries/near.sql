-- Requests whose ids are nearest to one that was not found.
SELECT concat('req-', toString(m.trace_id)) AS request_id
FROM oslo_messages AS m
WHERE m.is_request
GROUP BY m.trace_id
ORDER BY editDistance(request_id, {id:String}), max(m.published_at) DESC
LIMIT 3
