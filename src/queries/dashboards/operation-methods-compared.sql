-- Messages a request of one operation makes, by kind and method: now and as long before as was chosen.
WITH
    (SELECT count() FROM oslo_requests_between(from={from:DateTime64(3)}, to={to:DateTime64(3)}) AS r WHERE r.operation = {operation:String}) AS requests_here,
    (
        SELECT count()
        FROM oslo_requests_between(from={from:DateTime64(3)} - toIntervalSecond({shift:UInt32}), to={to:DateTime64(3)} - toIntervalSecond({shift:UInt32})) AS r
        WHERE r.operation = {operation:String}
    ) AS requests_before
SELECT
    s.kind AS kind,
    s.method AS method,
    if(requests_here = 0, NULL, s.messages_here / requests_here) AS here,
    if(requests_before = 0, NULL, s.messages_before / requests_before) AS before,
    here - before AS difference
FROM
(
    SELECT
        toString(m.kind) AS kind,
        if(m.object = '', toString(m.method), toString(m.object)) AS method,
        sumIf(m.messages, m.minute BETWEEN toStartOfMinute({from:DateTime64(3)}) AND {to:DateTime64(3)}) AS messages_here,
        sumIf(
            m.messages,
            m.minute BETWEEN toStartOfMinute({from:DateTime64(3)} - toIntervalSecond({shift:UInt32})) AND {to:DateTime64(3)} - toIntervalSecond({shift:UInt32})) AS messages_before
    FROM oslo_methods_1m AS m FINAL
    WHERE m.is_request AND m.operation = {operation:String}
      AND
      (
          m.minute BETWEEN toStartOfMinute({from:DateTime64(3)}) AND {to:DateTime64(3)}
          OR m.minute BETWEEN toStartOfMinute({from:DateTime64(3)} - toIntervalSecond({shift:UInt32})) AND {to:DateTime64(3)} - toIntervalSecond({shift:UInt32})
      )
    GROUP BY kind, method
) AS s
ORDER BY abs(difference) DESC NULLS LAST, kind, method
LIMIT 100
