-- Storms along the time axis: each from its beginning to its end, as far as it has come. Texts are shown as HTML.
SELECT
    s.started_at AS time,
    s.ended_at AS timeEnd,
    encodeXMLComponent(concat(
        'Storm: ', arrayElement(s.`methods.kind`, 1), ' ', toString(s.method), ' at ', toString(s.topic),
        if(s.usual_per_second > 0, concat(' ×', toString(round(s.peak_per_second / s.usual_per_second))), ''),
        if(s.is_open, ', open', ''))) AS title,
    encodeXMLComponent(concat(
        toString(round(s.usual_per_second, 1)), ' → ', toString(round(s.peak_per_second, 1)), ' messages a second from ',
        arrayElement(s.`senders.service`, 1), '@', arrayElement(s.`senders.host`, 1),
        if(s.senders_count > 1, concat(' and ', toString(s.senders_count - 1), ' more'), ''),
        '; ', if(s.trigger_detail = '', toString(s.trigger), s.trigger_detail),
        '; oslotap storms ', toString(s.id))) AS text,
    arrayStringConcat(arrayConcat(['storm', toString(s.trigger)], s.signals), ',') AS tags
FROM oslo_storms AS s FINAL
WHERE s.started_at <= {to:DateTime64(3)} AND s.ended_at >= {from:DateTime64(3)}
ORDER BY time, s.id
LIMIT 500
