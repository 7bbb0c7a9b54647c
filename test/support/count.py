#!/usr/bin/env python3
"""Counts captures of RabbitMQ's firehose: the tests' referee. Shares no code and no idea with the product.

usage: count.py CAPTURE.ndjson.gz…      prints one JSON object a capture.
An event is a line; the same one twice (a publish of the same _unique_id; a delivery of the same _unique_id, vhost, queue,
connection, channel, redelivered, x-delivery-count) counts once. A line that is no event is broken; of a truncated gzip what
can be read counts (its last, half line is broken). Empty lines are nothing. Bodies that are no JSON object (undecodable)
and those without a _unique_id (without_id) are in events and nowhere else. Bytes are those before decompression.
"""
import base64
import bz2
import collections
import gzip
import json
import os
import sys
import zlib

KINDS = ('call', 'cast', 'fanout', 'reply', 'notification')
DECOMPRESS = {'application/x-gzip': zlib.decompress, 'application/x-bz2': bz2.decompress}     # kombu's "gzip" is zlib


def read_lines(path):
    with open(path, 'rb') as f:
        is_gzip, pieces = f.read(2) == b'\x1f\x8b', []
    with (gzip.open if is_gzip else open)(path, 'rb') as f:
        try:
            while piece := f.read1(4096):
                pieces.append(piece)
        except (EOFError, OSError, zlib.error):
            pass                                         # truncated or damaged: what stands before counts
    return [line for line in b''.join(pieces).split(b'\n') if line.strip()]


def parse_event(line):
    event = json.loads(line)
    what, name = event['routing_key'].split('.', 1)
    b64 = event.get('payload_b64')
    body = event['payload'].encode('utf-8', 'surrogatepass') if b64 is None else base64.b64decode(b64, validate=True)
    return what, name, event['headers'], event['headers']['properties'].get('headers') or {}, body


def decode(body, compression):
    message = json.loads(DECOMPRESS[compression](body) if compression else body)
    if 'oslo.version' in message and 'oslo.message' in message:
        message = json.loads(message['oslo.message'])
    return message, message.get('_unique_id')


def kind_of(message, exchange):
    if 'method' in message:
        return 'call' if message.get('_msg_id') else 'fanout' if exchange.endswith('_fanout') else 'cast'
    return 'notification' if 'event_type' in message else 'reply'


def count(path):
    total = {'capture': os.path.basename(path), 'events': 0, 'broken_lines': 0, 'undecodable': 0, 'without_id': 0,
             'publishes': dict.fromkeys(KINDS, 0), 'deliveries': dict.fromkeys(KINDS, 0), 'failures': 0,
             'bytes_published': 0, 'bytes_delivered': 0, 'messages': {}}
    seen, delivered, replies, msg_ids = set(), collections.Counter(), collections.Counter(), {}
    for line in read_lines(path):
        try:
            what, name, headers, inner_headers, body = parse_event(line)
            published = {'publish': True, 'deliver': False}[what]
        except Exception:
            total['broken_lines'] += 1
            continue
        try:
            message, uid = decode(body, inner_headers.get('compression'))
        except Exception:
            message, uid = None, None
        place = (name, *map(headers.get, ('vhost', 'connection', 'channel', 'redelivered')), inner_headers.get('x-delivery-count'))
        key = json.dumps([uid, what] if published else [uid, what, place])
        total['events'] += not uid or key not in seen
        if not uid:
            total['undecodable' if message is None else 'without_id'] += 1
        if not uid or key in seen:
            continue
        seen.add(key)
        kind, msg_id = kind_of(message, headers.get('exchange_name', '')), message.get('_msg_id')
        total['publishes' if published else 'deliveries'][kind] += 1
        total['bytes_published' if published else 'bytes_delivered'] += len(body)
        if not published:
            delivered[uid] += 1
        elif kind == 'reply':
            total['failures'] += bool(message.get('failure'))
            replies[msg_id] += 1
        else:
            msg_ids[uid] = msg_id
            total['messages'][uid] = {'kind': kind, 'method': message.get('method', message.get('event_type')), 'bytes': len(body),
                                      'exchange': headers.get('exchange_name'), 'routing_key': headers['routing_keys'][0]}
    for uid, entry in total['messages'].items():
        entry.update(deliveries=delivered[uid], replies=replies[msg_ids[uid]] if msg_ids[uid] else 0)
    return total


if __name__ == '__main__':
    for path in sys.argv[1:] or sys.exit(__doc__):
        print(json.dumps(count(path), ensure_ascii=False))
