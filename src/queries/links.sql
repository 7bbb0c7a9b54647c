-- The traces that messages of one trace concern, and those whose messages concern it; those of most messages first.
SELECT
    if(l.trace_id = toUUIDOrZero({trace:String}), 'concerns', 'concerned_by') AS direction,
    lower(hex(if(direction = 'concerns', l.to_trace_id, l.trace_id))) AS trace_id,
    arraySort(groupUniqArray(10)(toString(l.resource))) AS resources,
    uniqExact(l.unique_id) AS messages
FROM oslo_links AS l FINAL
WHERE (l.trace_id = toUUIDOrZero({trace:String}) OR l.to_trace_id = toUUIDOrZero({trace:String})) AND l.trace_id != l.to_trace_id
GROUP BY direction, trace_id
ORDER BY direction, messages DESC, min(l.published_at), trace_id
