-- Traces that an id means: a trace id, a request id, or the beginning of one; else, in the time range, a whole request id that a
-- message carries, or the uuid of a resource. Without an id: the newest requests of the time range. Each part by its own index.
WITH
    lower(replaceAll(replaceOne(trimBoth({request:String}), 'req-', ''), '-', '')) AS wanted,
    toUUIDOrZero(wanted) AS id,
    (SELECT count() FROM otel_traces_trace_id_ts AS t WHERE wanted != '' AND startsWith(t.TraceId, wanted)) AS known
SELECT s.trace AS trace, any(s.text) AS text
FROM
(
    SELECT t.TraceId AS trace, toString(toUUIDOrZero(t.TraceId)) AS text, toUnixTimestamp(t.Start) AS at
    FROM otel_traces_trace_id_ts AS t
    WHERE wanted != '' AND startsWith(t.TraceId, wanted)
    UNION ALL
    SELECT lower(hex(m.trace_id)) AS trace, toString(m.trace_id) AS text, toUnixTimestamp(m.published_at) AS at
    FROM oslo_messages AS m
    WHERE known = 0 AND id != toUUIDOrZero('') AND m.request_id = concat('req-', toString(id)) AND m.published_at BETWEEN {from:DateTime64(3)} AND {to:DateTime64(3)}
    UNION ALL
    SELECT lower(hex(m.trace_id)) AS trace, toString(m.trace_id) AS text, toUnixTimestamp(m.published_at) AS at
    FROM oslo_messages AS m
    WHERE known = 0 AND id != toUUIDOrZero('') AND m.global_request_id = concat('req-', toString(id)) AND m.published_at BETWEEN {from:DateTime64(3)} AND {to:DateTime64(3)}
    UNION ALL
    SELECT lower(hex(m.trace_id)) AS trace, toString(m.trace_id) AS text, toUnixTimestamp(m.published_at) AS at
    FROM oslo_messages AS m
    WHERE known = 0 AND id != toUUIDOrZero('') AND has(m.resources, id) AND m.published_at BETWEEN {from:DateTime64(3)} AND {to:DateTime64(3)}
    UNION ALL
    SELECT
        lower(hex(r.trace_id)) AS trace,
        concat(formatDateTime(r.started_at, '%F %T'), ' ', toString(r.operation), ' req-', toString(r.trace_id)) AS text,
        toUnixTimestamp(r.started_at) AS at
    FROM oslo_requests_between(from={from:DateTime64(3)}, to={to:DateTime64(3)}) AS r
    WHERE wanted = ''
) AS s
GROUP BY trace
ORDER BY max(s.at) DESC, trace
LIMIT 100
