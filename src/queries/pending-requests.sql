-- Users' requests whose critical path is not stored as of what is known of them now, oldest first: of those that were seen
-- since a time and not in as long a time before, which ended before another. `is_gone`: a path of a request that turned out to
-- be part of another.
WITH
    known AS
    (
        SELECT trace_id, max(revision) AS revision
        FROM oslo_critical_path
        WHERE started_at >= fromUnixTimestamp64Nano({since:Int64}, 'UTC')
        GROUP BY trace_id
    ),
    seen AS
    (
        SELECT
            m.trace_id AS trace_id,
            argMax(m.operation, (m.operation_rank, -toUnixTimestamp64Nano(m.published_at))) AS operation,
            argMin((m.from_service, m.from_host, m.from_process), m.published_at) AS first_from,
            toUnixTimestamp64Nano(min(m.published_at)) AS start_ns,
            toUnixTimestamp64Nano(max(m.ended_at)) AS end_ns,
            toUnixTimestamp64Nano(max(m.published_at)) AS last_publish_ns,
            count() AS messages,
            sum(m.revision) AS revision
        FROM oslo_messages AS m FINAL
        WHERE m.is_request AND m.published_at >= fromUnixTimestamp64Nano({since:Int64}, 'UTC')
        GROUP BY m.trace_id
    )
SELECT
    lower(hex(s.trace_id)) AS trace_id,
    s.operation AS operation,
    s.first_from.1 AS service,
    s.first_from.2 AS host,
    s.first_from.3 AS process,
    toString(s.start_ns) AS start_ns,
    toString(s.end_ns) AS end_ns,
    toString(s.last_publish_ns) AS last_publish_ns,
    toString(s.revision) AS revision,
    k.revision > 0 AS is_stored,
    false AS is_gone
FROM seen AS s
LEFT JOIN known AS k ON k.trace_id = s.trace_id
WHERE s.end_ns <= {ended_before:Int64} AND s.messages <= {messages_max:UInt64} AND k.revision != s.revision
  AND s.trace_id NOT IN
  (
      SELECT trace_id
      FROM oslo_messages
      WHERE is_request
        AND published_at BETWEEN fromUnixTimestamp64Nano({before:Int64}, 'UTC') AND fromUnixTimestamp64Nano({since:Int64} - 1, 'UTC')
  )
ORDER BY s.start_ns, s.trace_id
LIMIT {limit:UInt64}
UNION ALL
SELECT lower(hex(k.trace_id)), '', '', '', '', '0', '0', '0', '0', true, true
FROM known AS k
WHERE k.trace_id NOT IN (SELECT trace_id FROM oslo_messages WHERE is_request)
LIMIT {limit:UInt64}
