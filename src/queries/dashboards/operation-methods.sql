-- What the messages of one operation are: by kind and method, with how many a request makes.
WITH (SELECT count() FROM oslo_requests_between(from={from:DateTime64(3)}, to={to:DateTime64(3)}) AS r WHERE r.operation = {operation:String}) AS requests
SELECT
    s.kind AS kind,
    s.method AS method,
    s.messages AS messages,
    if(requests = 0, NULL, s.messages / requests) AS per_request,
    s.failures AS failures,
    s.timeouts AS timeouts,
    if(isNaN(s.duration[1]), NULL, s.duration[1]) AS duration_p50_ms,
    if(isNaN(s.duration[2]), NULL, s.duration[2]) AS duration_p95_ms,
    if(isNaN(s.wait[2]), NULL, s.wait[2]) AS wait_p95_ms,
    s.bytes_published AS bytes_published,
    s.senders AS senders
FROM
(
    SELECT
        toString(m.kind) AS kind,
        if(m.object = '', toString(m.method), toString(m.object)) AS method,
        sum(m.messages) AS messages,
        sum(m.failures) AS failures,
        sum(m.timeouts) AS timeouts,
        sum(m.bytes_published) AS bytes_published,
        arrayStringConcat(arraySort(groupUniqArray(10)(toString(m.from_service))), ', ') AS senders,
        arrayMap(us -> us / 1e3, quantilesDDMerge(0.01, 0.5, 0.95, 0.99)(m.duration_us)) AS duration,
        arrayMap(us -> us / 1e3, quantilesDDMerge(0.01, 0.5, 0.95, 0.99)(m.wait_us)) AS wait
    FROM oslo_methods_1m AS m FINAL
    WHERE m.minute BETWEEN toStartOfMinute({from:DateTime64(3)}) AND {to:DateTime64(3)} AND m.is_request AND m.operation = {operation:String}
    GROUP BY kind, method
) AS s
ORDER BY messages DESC, kind, method
LIMIT 500
