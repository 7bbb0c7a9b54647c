-- How many requests of one operation made how many RPCs (calls, casts, fanouts): twenty ranges of equal width at most.
WITH
    own AS (SELECT toUInt32(r.calls + r.casts + r.fanouts) AS rpcs FROM oslo_requests_between(from={from:DateTime64(3)}, to={to:DateTime64(3)}) AS r WHERE r.operation = {operation:String}),
    (SELECT min(o.rpcs) FROM own AS o) AS least,
    (SELECT max(o.rpcs) FROM own AS o) AS most,
    intDiv(most - least, 20) + 1 AS width
SELECT
    if(width = 1, toString(s.low), concat(toString(s.low), ' to ', toString(s.low + width - 1))) AS rpcs,
    s.requests AS requests
FROM
(
    SELECT least + intDiv(o.rpcs - least, width) * width AS low, count() AS requests
    FROM own AS o
    GROUP BY low
) AS s
ORDER BY s.low
