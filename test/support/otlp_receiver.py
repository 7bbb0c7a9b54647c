#!/usr/bin/env python3
"""An OTLP receiver that decodes strictly, by OpenTelemetry's own messages, and behaves as badly as it is told.

usage: otlp_receiver.py [FOLDER]        over TLS, with certificates of its own that it makes in FOLDER, a new one

Prints one line once it listens: {"http": PORT, "grpc": PORT, "ca": FILE or null}. Ends when its standard input does.

    POST /v1/traces                     OTLP/HTTP: protobuf or JSON, gzip or not; gRPC has a port of its own
    POST /control  {"mode": …}          how it behaves from now on
    GET  /received                      all that was taken: {"requests": [OTLP's JSON …], "problems": […], "attempts": n, "headers": […]}

    mode ok                             takes all
    mode status   code, grpc, times, retryAfter, retryInfo       refuses; times: so often, then ok
    mode partial  rejected              takes a batch, but for so many spans
    mode slow     seconds               answers late
    mode hang                           never answers
    mode drip                           answers a byte a second, for ever
    mode drop                           closes the connection
    mode echo                           400, and all headers that came as the answer's words and body

What breaks a rule of OTLP (a field that it does not have, an id of another length, an end before its start) is a problem, and the batch is refused.
"""
import base64
import gzip
import http.server
import json
import socket
import ssl
import sys
import threading
from concurrent import futures

import certificates
import grpc
from google.protobuf import json_format, unknown_fields
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

GRPC_CODES = {code.value[0]: code for code in grpc.StatusCode}
RETRY_INFO = b'\x1a\x2a\x0a\x28type.googleapis.com/google.rpc.RetryInfo'     # google.rpc.Status: details, an Any without a value
HANG_SECONDS = 3600


class State:
    def __init__(self):
        self.lock = threading.Lock()
        self.mode = {'mode': 'ok'}
        self.requests, self.problems, self.headers = [], [], []
        self.attempts = 0
        self.ended = threading.Event()

    def attempt(self, headers):
        """Counts one, and says how to behave."""
        with self.lock:
            self.attempts += 1
            self.headers = headers
            mode = dict(self.mode)
            if 'times' in mode:
                self.mode['times'] -= 1
                if self.mode['times'] <= 0:
                    self.mode = {'mode': 'ok'}
            return mode

    def take(self, request):
        """What is wrong with it; else it is kept."""
        problems = list(problems_of(request))
        with self.lock:
            self.problems.extend(problems)
            if not problems:
                self.requests.append(as_json(request))
        return problems


STATE = State()


def problems_of(request):
    yield from unknown(request)
    for resource_spans in request.resource_spans:
        if 'service.name' not in [a.key for a in resource_spans.resource.attributes if a.value.string_value]:
            yield 'a resource without service.name'
        for scope_spans in resource_spans.scope_spans:
            if not scope_spans.scope.name:
                yield 'a scope without a name'
            for span in scope_spans.spans:
                yield from problems_of_span(span)


def problems_of_span(span):
    for what, value, sizes in (('trace_id', span.trace_id, (16,)), ('span_id', span.span_id, (8,)),
                               ('parent_span_id', span.parent_span_id, (0, 8))):
        if len(value) not in sizes or (value and not any(value)):
            yield '%s of %r: %s' % (what, span.name, value.hex())
    if not span.name:
        yield 'a span without a name'
    if not 1 <= span.kind <= 5:
        yield 'kind of %r: %d' % (span.name, span.kind)
    if not 0 < span.start_time_unix_nano <= span.end_time_unix_nano:
        yield 'times of %r' % span.name
    if any(len(link.trace_id) != 16 or len(link.span_id) != 8 for link in span.links):
        yield 'a link of %r' % span.name
    for attributes in (span.attributes, *(link.attributes for link in span.links)):
        keys = [a.key for a in attributes]
        if len(set(keys)) != len(keys) or '' in keys or any(a.value.WhichOneof('value') is None for a in attributes):
            yield 'attributes of %r' % span.name


def unknown(message):
    for field in unknown_fields.UnknownFieldSet(message):
        yield 'unknown field %d of %s' % (field.field_number, message.DESCRIPTOR.name)
    for field, value in message.ListFields():
        if field.message_type is not None:
            for one in ([value] if hasattr(value, 'DESCRIPTOR') else value):
                yield from unknown(one)


IDS = ('traceId', 'spanId', 'parentSpanId')


def with_ids(value, convert):
    """OTLP's JSON has ids as hex digits; protobuf's would have them as base64."""
    if isinstance(value, list):
        return [with_ids(item, convert) for item in value]
    if isinstance(value, dict):
        return {k: convert(v) if k in IDS else with_ids(v, convert) for k, v in value.items()}
    return value


def as_json(request):
    fields = json_format.MessageToDict(request, use_integers_for_enums=True)
    return with_ids(fields, lambda text: base64.b64decode(text).hex())


def parse(body, content_type):
    if content_type == 'application/x-protobuf':
        return trace_service_pb2.ExportTraceServiceRequest.FromString(body)
    if content_type != 'application/json':
        raise ValueError('content type %s' % content_type)
    fields = with_ids(json.loads(body), lambda text: base64.b64encode(bytes.fromhex(text)).decode())
    return json_format.ParseDict(fields, trace_service_pb2.ExportTraceServiceRequest())


def answer_of(mode):
    answer = trace_service_pb2.ExportTraceServiceResponse()
    if mode['mode'] == 'partial':
        answer.partial_success.rejected_spans = mode['rejected']
        answer.partial_success.error_message = 'too old'
    return answer


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *args):
        pass

    def do_GET(self):
        with STATE.lock:
            self.answer(200, json.dumps({'requests': STATE.requests, 'problems': STATE.problems, 'attempts': STATE.attempts,
                                         'headers': STATE.headers}).encode())

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get('content-length') or 0)) if 'content-length' in self.headers else self.chunks()
        if self.path == '/control':
            with STATE.lock:
                STATE.mode = json.loads(body)
            return self.answer(200, b'{}')
        if self.path != '/v1/traces':
            return self.answer(404, b'')
        getattr(self, 'mode_' + (mode := STATE.attempt([list(h) for h in self.headers.items()]))['mode'])(mode, body)

    def chunks(self):
        body = b''
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def mode_ok(self, mode, body):
        content_type = self.headers['content-type']
        try:
            if self.headers['content-encoding'] == 'gzip':
                body = gzip.decompress(body)
            problems = STATE.take(parse(body, content_type))
        except Exception as e:      # whatever is wrong with it, the test has to see it
            STATE.problems.append('%s: %s' % (type(e).__name__, e))
            problems = [str(e)]
        if problems:
            return self.answer(400, json.dumps(problems).encode())
        answer = answer_of(mode)
        text = json_format.MessageToJson(answer).encode() if content_type == 'application/json' else answer.SerializeToString()
        self.answer(200, text, content_type)

    mode_partial = mode_ok

    def mode_slow(self, mode, body):
        STATE.ended.wait(mode['seconds'])
        self.mode_ok(mode, body)

    def mode_status(self, mode, body):
        headers = {'retry-after': str(mode['retryAfter'])} if 'retryAfter' in mode else {}
        self.answer(mode['code'], b'no', **headers)

    def mode_hang(self, mode, body):
        STATE.ended.wait(HANG_SECONDS)

    def mode_drip(self, mode, body):
        self.send_response(200)
        self.send_header('content-length', '1000000')
        self.end_headers()
        try:
            while not STATE.ended.wait(0.05):
                self.wfile.write(b'x')
        except OSError:
            self.close_connection = True

    def mode_drop(self, mode, body):
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def mode_echo(self, mode, body):
        words = ' '.join('%s: %s' % header for header in self.headers.items())
        self.send_response(400, words)
        self.send_header('content-length', str(len(words)))
        self.end_headers()
        self.wfile.write(words.encode())

    def answer(self, code, body, content_type='application/json', **headers):
        self.send_response(code)
        for name, value in (('content-type', content_type), ('content-length', str(len(body))), *headers.items()):
            self.send_header(name.replace('_', '-'), value)
        self.end_headers()
        self.wfile.write(body)


class Service(trace_service_pb2_grpc.TraceServiceServicer):
    def Export(self, request, context):
        mode = STATE.attempt([list(item) for item in context.invocation_metadata() if isinstance(item[1], str)])
        if mode['mode'] == 'slow':
            STATE.ended.wait(mode['seconds'])
        elif mode['mode'] in ('hang', 'drip'):
            STATE.ended.wait(HANG_SECONDS)
        elif mode['mode'] == 'status':
            if mode.get('retryInfo'):
                context.set_trailing_metadata((('grpc-status-details-bin', RETRY_INFO),))
            context.abort(GRPC_CODES[mode['grpc']], 'no')
        elif mode['mode'] == 'echo':
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, ' '.join('%s: %s' % (k, v) for k, v in context.invocation_metadata()))
        if STATE.take(request):
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, 'not OTLP')
        return answer_of(mode)


def main():
    if len(sys.argv) > 2 or sys.argv[1:2] in (['-h'], ['--help']):
        print(__doc__)
        sys.exit(2)
    web = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    web.daemon_threads = True
    server = grpc.server(futures.ThreadPoolExecutor(8))
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(Service(), server)
    made = certificates.make(sys.argv[1]) if sys.argv[1:] else None
    if made:
        chain, key = made['server_cert'], made['server_key']
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain, key)
        web.socket = context.wrap_socket(web.socket, server_side=True)
        port = server.add_secure_port('127.0.0.1:0', grpc.ssl_server_credentials([(read(key), read(chain))]))
    else:
        port = server.add_insecure_port('127.0.0.1:0')
    server.start()
    threading.Thread(target=web.serve_forever, daemon=True).start()
    print(json.dumps({'http': web.server_port, 'grpc': port, 'ca': made and made['ca']}), flush=True)
    sys.stdin.read()
    STATE.ended.set()
    server.stop(0)


def read(path):
    with open(path, 'rb') as f:
        return f.read()


if __name__ == '__main__':
    main()
