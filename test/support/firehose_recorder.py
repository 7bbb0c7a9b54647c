#!/usr/bin/python3
"""Records RabbitMQ's firehose into a capture; needs py-amqp (it comes with python3-oslo.messaging).

usage: firehose_recorder.py OUT.ndjson.gz --amqp URL --api URL

Says `ready` on stdout when it records, and ends at SIGTERM or SIGINT, after what the broker still held for it. The firehose
must be on (rabbitmqctl trace_on). A capture is gzip'd NDJSON, one firehose message a line: ts (nanoseconds, at receipt),
routing_key, headers, and payload or, when that is not UTF-8, payload_b64. Nothing is redacted.

Beside OUT.ndjson.gz it writes OUT.connections.json: what the management API showed of connections, channels, consumers,
bindings, exchanges and queues at any time of the recording. Exit code 2: py-amqp is missing.
"""
import argparse
import base64
import datetime
import decimal
import gzip
import json
import os
import signal
import socket
import sys
import threading
import time
import urllib.parse
import urllib.request

import system_python

QUEUE_LIMITS = {'x-max-length': 200_000, 'x-max-length-bytes': 256 << 20}     # a dead recorder must not fill the broker
SNAPSHOT_SECONDS = 2
QUIET_SECONDS, LAST_SECONDS = 0.5, 5        # at the end: go on until half a second of silence, five seconds at most
LISTINGS = {
    'connections': 'name user vhost client_properties peer_host peer_port host port node connected_at type',
    'channels': 'name user vhost node number connection_details prefetch_count confirm',
    'consumers': 'queue channel_details consumer_tag ack_required exclusive arguments prefetch_count',
    'bindings': 'vhost source destination destination_type routing_key arguments',
    'exchanges': 'name vhost type durable auto_delete arguments',
    'queues': 'name vhost node type durable auto_delete exclusive arguments',
}


def to_json(value):
    """An AMQP header's value as JSON: times as seconds, decimals as text, bytes as text where they are text."""
    if isinstance(value, dict):
        return {str(k): to_json(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(v) for v in value]
    if isinstance(value, datetime.datetime):
        return int(value.replace(tzinfo=datetime.timezone.utc).timestamp())
    if isinstance(value, decimal.Decimal):
        return str(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        try:
            return bytes(value).decode()
        except UnicodeDecodeError:
            return {'b64': base64.b64encode(value).decode()}
    return value


def capture_line(ts, message):
    """One line of the capture, of what one delivery of the firehose holds."""
    event = {'ts': str(ts), 'routing_key': message.delivery_info['routing_key'], 'headers': to_json(message.headers)}
    body = message.body.encode('utf-8', 'surrogateescape') if isinstance(message.body, str) else bytes(message.body)
    try:
        event['payload'] = body.decode()
    except UnicodeDecodeError:
        event['payload_b64'] = base64.b64encode(body).decode()
    return json.dumps(event, ensure_ascii=False, separators=(',', ':')) + '\n'


class Snapshots(threading.Thread):
    """Asks the management API again and again, and keeps all that was ever listed: connections come and go."""

    def __init__(self, api, user, password):
        super().__init__(daemon=True)
        self.api, self.ended = api, threading.Event()
        self.authorization = 'Basic ' + base64.b64encode(('%s:%s' % (user, password)).encode()).decode()
        self.rows = {listing: {} for listing in LISTINGS}

    def run(self):
        while not self.ended.wait(SNAPSHOT_SECONDS):
            self.take()

    def take(self):
        for listing, fields in LISTINGS.items():
            request = urllib.request.Request('%s/api/%s' % (self.api, listing), headers={'Authorization': self.authorization})
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    self.keep(listing, fields.split(), json.load(answer))
            except (OSError, ValueError) as e:
                print('firehose_recorder: %s: %s' % (listing, e), file=sys.stderr)

    def keep(self, listing, fields, rows):
        for row in rows:
            row = {field: row[field] for field in fields if field in row}
            if listing in ('connections', 'channels'):
                key = row.get('name')
            elif 'name' in row:
                key = (row.get('vhost'), row['name'])
            else:
                key = json.dumps(row, sort_keys=True)
            # A connection can be listed before its properties are known: the fuller row stays.
            if len(row) >= len(self.rows[listing].get(key, ())):
                self.rows[listing][key] = row

    def finish(self, path):
        self.ended.set()
        self.join()
        self.take()
        with open(path, 'w') as f:
            json.dump({listing: list(rows.values()) for listing, rows in self.rows.items()}, f, indent=0)


def connect(url):
    import amqp
    connection = amqp.Connection(
        host='%s:%d' % (url.hostname, url.port or 5672), userid=urllib.parse.unquote(url.username),
        password=urllib.parse.unquote(url.password), virtual_host=urllib.parse.unquote(url.path[1:]) or '/',
        client_properties={'connection_name': 'firehose-recorder:%d' % os.getpid()})
    connection.connect()
    return connection


def record(out, url, ended, ready):
    """Writes what the firehose says to `out`, until `ended` is set and nothing comes any more."""
    connection = connect(url)
    channel = connection.channel()
    channel.auto_decode = False         # bodies as they are on the wire
    received = []
    queue = channel.queue_declare('', exclusive=True, auto_delete=True, arguments=QUEUE_LIMITS).queue
    channel.basic_consume(queue, callback=lambda message: received.append((time.time_ns(), message)), no_ack=True)
    for pattern in ('publish.#', 'deliver.#'):
        channel.queue_bind(queue, 'amq.rabbitmq.trace', pattern)
    ready()
    count = write_capture(out, connection, received, ended)
    connection.close()
    return count


def write_capture(out, connection, received, ended):
    """Written in pauses, so that ts is the time of receipt and not of a busy recorder."""
    count, deadline = 0, None

    def write():
        nonlocal count
        capture.writelines(capture_line(ts, message) for ts, message in received)
        count += len(received)
        received.clear()

    with gzip.open(out, 'wt', encoding='utf-8') as capture:
        try:
            while deadline is None or time.monotonic() < deadline:
                if ended.is_set() and deadline is None:
                    deadline = time.monotonic() + LAST_SECONDS
                try:
                    connection.drain_events(timeout=QUIET_SECONDS)
                except socket.timeout:
                    write()
                    if deadline:
                        break
                if len(received) > 500:
                    write()
        finally:
            write()
    return count


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, usage=argparse.SUPPRESS)
    parser.add_argument('out')
    parser.add_argument('--amqp', required=True, type=urllib.parse.urlsplit)
    parser.add_argument('--api', required=True)
    options = parser.parse_args()
    system_python.require(['amqp'], 'python3-oslo.messaging')
    import amqp
    ended = threading.Event()
    for s in (signal.SIGTERM, signal.SIGINT):
        signal.signal(s, lambda *_: ended.set())
    snapshots = Snapshots(options.api, options.amqp.username, options.amqp.password)
    snapshots.start()
    try:
        count = record(options.out, options.amqp, ended, lambda: print('ready', flush=True))
    except (OSError, amqp.AMQPError) as e:
        sys.exit('firehose_recorder: no connection to the broker, or no longer: %s' % (e or type(e).__name__))
    snapshots.finish((options.out[:-len('.ndjson.gz')] if options.out.endswith('.ndjson.gz') else options.out) + '.connections.json')
    print('firehose_recorder: %d events in %s' % (count, options.out), file=sys.stderr)


if __name__ == '__main__':
    main()
