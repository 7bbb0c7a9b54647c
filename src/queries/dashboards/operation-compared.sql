-- One operation now and as long before as was chosen: figures of a request side by side, and by how much they differ.
SELECT
    s.figure.2 AS figure,
    sumIf(s.figure.3, NOT s.is_before AND NOT isNaN(s.figure.3)) AS here,
    sumIf(s.figure.3, s.is_before AND NOT isNaN(s.figure.3)) AS before,
    here - before AS difference,
    if(before = 0, NULL, here / before - 1) AS change
FROM
(
    SELECT
        r.is_before AS is_before,
        arrayJoin(
        [
            (1, 'requests', toFloat64(count())),
            (2, 'duration p50, ms', toFloat64(quantileExact(0.5)(dateDiff('nanosecond', r.started_at, r.ended_at) / 1e6))),
            (3, 'duration p95, ms', toFloat64(quantileExact(0.95)(dateDiff('nanosecond', r.started_at, r.ended_at) / 1e6))),
            (4, 'calls p50', toFloat64(quantileExact(0.5)(toFloat64(r.calls)))),
            (5, 'casts p50', toFloat64(quantileExact(0.5)(toFloat64(r.casts)))),
            (6, 'fanouts p50', toFloat64(quantileExact(0.5)(toFloat64(r.fanouts)))),
            (7, 'notifications p50', toFloat64(quantileExact(0.5)(toFloat64(r.notifications)))),
            (8, 'messages p50', toFloat64(quantileExact(0.5)(toFloat64(r.publishes)))),
            (9, 'messages p95', toFloat64(quantileExact(0.95)(toFloat64(r.publishes)))),
            (10, 'bytes p50', toFloat64(quantileExact(0.5)(toFloat64(r.bytes_published)))),
            (11, 'failures a request', toFloat64(avg(toFloat64(r.failures)))),
            (12, 'time-outs a request', toFloat64(avg(toFloat64(r.timeouts))))
        ]) AS figure
    FROM
    (
        SELECT 0 AS is_before, * FROM oslo_requests_between(from={from:DateTime64(3)}, to={to:DateTime64(3)})
        UNION ALL
        SELECT 1 AS is_before, * FROM oslo_requests_between(from={from:DateTime64(3)} - toIntervalSecond({shift:UInt32}), to={to:DateTime64(3)} - toIntervalSecond({shift:UInt32}))
    ) AS r
    WHERE r.operation = {operation:String}
    GROUP BY r.is_before
) AS s
GROUP BY s.figure.1, s.figure.2
ORDER BY s.figure.1
