/** What becomes a span, and what it hangs on. */
import { describe, expect, test } from 'vitest';
import type { AuditedRequest, Delivery, Publish } from '../../../src/message.ts';
import { SPAN_COLUMNS, spanRows } from '../../../src/sinks/clickhouse/span-rows.ts';
import { httpSpanId, traceIdOfRequest } from '../../../src/trace/ids.ts';
import { answered, correlate, deliver, OTHER_REQUEST, publish, REQUEST, type Told } from '../../support/events.ts';

const THIRD_REQUEST = 'req-33333333-3333-4333-8333-333333333333';
const SERVER = '096ddabc-0a4b-4d36-a6f5-4a2ea3a8c5f1';

interface SpanFields {
  readonly TraceId: string;
  readonly SpanId: string;
  readonly ParentSpanId: string;
  readonly SpanName: string;
  readonly SpanKind: string;
  readonly SpanAttributes: Readonly<Record<string, string>>;
  /** Nanoseconds. */
  readonly Duration: string;
  readonly StatusCode: string;
  readonly 'Links.TraceId': readonly string[];
  readonly 'Links.SpanId': readonly string[];
  readonly 'Links.TraceState': readonly string[];
  readonly 'Links.Attributes': readonly Readonly<Record<string, string>>[];
}

function spansOf(events: readonly (Publish | Delivery)[]): SpanFields[] {
  const rows = correlate(events).closed.flatMap((closed) => spanRows(closed));
  return rows.map(({ json }) => {
    const values = JSON.parse(json) as unknown[];
    return Object.fromEntries(SPAN_COLUMNS.map((column, i) => [column, values[i]])) as unknown as SpanFields;
  });
}

function named(spans: readonly SpanFields[], name: string, kind?: string): SpanFields {
  const found = spans.filter((span) => span.SpanName === name && (kind === undefined || span.SpanKind === kind));
  expect(found.map(({ SpanName }) => SpanName)).toEqual([name]);
  return found[0] as SpanFields;
}

const CREATE: AuditedRequest = {
  isResponse: false,
  requestId: REQUEST,
  globalRequestId: null,
  action: 'create',
  path: '/v2.1/servers',
  status: null,
};

/** The audit's two notifications of an HTTP request; the context of each has an id of its own. */
function request(atMs: number, from: string, audit: Partial<AuditedRequest> = {}, told: Partial<Told> = {}): Publish {
  const of = { ...CREATE, ...audit };
  const method = of.isResponse ? 'audit.http.response' : 'audit.http.request';
  const id = `${of.isResponse ? 'A' : 'Q'}${of.requestId?.slice(4, 12)}`;
  return publish(atMs, from, { id, kind: 'notification', method, requestId: THIRD_REQUEST, audit: of, ...told });
}

function response(atMs: number, from: string, audit: Partial<AuditedRequest> = {}, told: Partial<Told> = {}): Publish {
  return request(atMs, from, { isResponse: true, status: 202, ...audit }, told);
}

const notification = (id: string, method: string, told: Partial<Told> = {}): Told => ({
  id,
  kind: 'notification',
  method,
  ...told,
});

describe('an audited HTTP request', () => {
  test('is a span of the server, from its request to its response', () => {
    const span = named(spansOf([request(0, 'api'), response(250, 'api')]), 'POST /v2.1/servers');
    expect(span).toMatchObject({
      TraceId: traceIdOfRequest(REQUEST),
      SpanId: httpSpanId(REQUEST),
      ParentSpanId: '',
      SpanKind: 'Server',
      Duration: '250000000',
      StatusCode: 'Unset',
    });
    expect(span.SpanAttributes).toEqual({
      'http.route': '/v2.1/servers',
      'http.request.method': 'POST',
      'http.response.status_code': '202',
      'cadf.action': 'create',
      'oslotap.request_id': REQUEST,
      'oslotap.join': 'request_id',
      'oslotap.evidence': 'own_id',
      'oslotap.operation': 'server.create',
    });
  });

  test.each([
    ['create', '/v2.1/servers', 'POST'],
    ['read/list', '/v2.1/servers', 'GET'],
    ['read', '/v2.1/servers/{id}', 'GET'],
    ['delete', '/v2.1/servers/{id}', 'DELETE'],
    ['update/os-stop', '/v2.1/servers/{id}/action', 'POST'],
    ['update', '/v2.0/ports/{id}', null],
    ['update/add', '/v2.0/routers/{id}/add_router_interface', null],
    ['unknown', '/v2.1/servers', null],
  ])('%s of %s has the method %s, which is left out where CADF does not tell it', (action, path, method) => {
    const [span] = spansOf([response(0, 'api', { action, path })]);
    expect(span?.SpanName).toBe(`${method ?? action} ${path}`);
    expect(span?.SpanAttributes['http.request.method']).toBe(method ?? undefined);
    expect(span?.SpanAttributes['cadf.action']).toBe(action);
  });

  test.each([
    [503, 'Error', '503'],
    [409, 'Unset', undefined],
  ])('answered by %i is of status %s: what a client did wrong is no error of the server', (status, code, type) => {
    const span = named(spansOf([request(0, 'api'), response(1, 'api', { status })]), 'POST /v2.1/servers');
    expect([span.StatusCode, span.SpanAttributes['error.type']]).toEqual([code, type]);
  });

  test('that was not seen to come has no length', () => {
    expect(named(spansOf([response(250, 'api')]), 'POST /v2.1/servers').Duration).toBe('0');
  });

  test('is one span, unless its request was stored before it was answered', () => {
    const names = (tookMs: number) => spansOf([request(0, 'api'), response(tookMs, 'api')]).map(({ SpanName }) => SpanName);
    expect(names(4_900)).toEqual(['POST /v2.1/servers']);
    expect(names(70_000)).toEqual(['audit.http.request', 'POST /v2.1/servers']);
  });

  test('that was never answered is seen by its request', () => {
    const span = named(spansOf([request(0, 'api')]), 'audit.http.request');
    expect(span).toMatchObject({ SpanKind: 'Producer', Duration: '0', ParentSpanId: httpSpanId(REQUEST) });
    expect(span.SpanAttributes).toMatchObject({ 'http.route': '/v2.1/servers', 'oslotap.request_id': REQUEST });
  });

  test('without an id of its own is a span all the same', () => {
    const span = named(spansOf([response(0, 'api', { requestId: null })]), 'POST /v2.1/servers');
    expect([span.SpanKind, span.ParentSpanId]).toEqual(['Server', '']);
  });

  test('of one service to another is below the HTTP request that began the trace', () => {
    const ports = { requestId: OTHER_REQUEST, globalRequestId: REQUEST, path: '/v2.0/ports' };
    const spans = spansOf([request(0, 'api'), request(5, 'neutron', ports), response(20, 'neutron', ports), response(30, 'api')]);
    expect(named(spans, 'POST /v2.0/ports')).toMatchObject({
      TraceId: traceIdOfRequest(REQUEST),
      SpanId: httpSpanId(OTHER_REQUEST),
      ParentSpanId: httpSpanId(REQUEST),
    });
    expect(named(spans, 'POST /v2.0/ports').SpanAttributes).not.toHaveProperty('oslotap.operation');
  });
});

describe('a message that no other caused', () => {
  test('is below the HTTP request that began the trace where the one whose id it carries is not audited', () => {
    const told = { id: 'x', kind: 'cast', method: 'attach', requestId: OTHER_REQUEST, globalRequestId: REQUEST } as const;
    const spans = spansOf([request(0, 'api'), publish(10, 'cinder', told), response(30, 'api')]);
    expect(named(spans, 'attach').ParentSpanId).toBe(httpSpanId(REQUEST));
  });

  test('is below the HTTP request whose id it carries', () => {
    const ports = { requestId: OTHER_REQUEST, globalRequestId: REQUEST, path: '/v2.0/ports' };
    const told = {
      id: 'dhcp',
      kind: 'cast',
      method: 'port_create_end',
      requestId: OTHER_REQUEST,
      globalRequestId: REQUEST,
    } as const;
    const spans = spansOf([
      request(0, 'api'),
      request(5, 'neutron', ports),
      publish(10, 'neutron', told),
      response(20, 'neutron', ports),
      publish(25, 'api', { id: 'build', kind: 'cast', method: 'build' }),
      response(30, 'api'),
    ]);
    expect(named(spans, 'port_create_end').ParentSpanId).toBe(httpSpanId(OTHER_REQUEST));
    expect(named(spans, 'build').ParentSpanId).toBe(httpSpanId(REQUEST));
  });

  test('and that carries an id of no request is below the one that its sender served', () => {
    const foreign = { id: 'x', method: 'get_it', requestId: OTHER_REQUEST, hasUser: false };
    const spans = spansOf([request(0, 'api'), publish(5, 'api', foreign), response(30, 'api')]);
    expect(named(spans, 'get_it')).toMatchObject({ TraceId: traceIdOfRequest(REQUEST), ParentSpanId: httpSpanId(REQUEST) });
    expect(named(spans, 'get_it').SpanAttributes).toMatchObject({ 'oslotap.join': 'rest', 'oslotap.evidence': 'serving' });
  });

  test('has no parent where no user asked for it', () => {
    const spans = spansOf([publish(0, 'agent', { id: 'x', method: 'report_state', hasUser: false })]);
    expect(named(spans, 'report_state').ParentSpanId).toBe('');
  });
});

describe('a notification of a beginning and one of an end', () => {
  const told = { resources: [SERVER] };

  test.each([
    ['end', 'Unset'],
    ['error', 'Error'],
  ])('are a span between them: .%s is of status %s', (end, code) => {
    const spans = spansOf([
      publish(0, 'compute', notification('s', 'instance.create.start', told)),
      publish(1_500, 'compute', notification('e', `instance.create.${end}`, told)),
    ]);
    expect(named(spans, 'instance.create')).toMatchObject({
      SpanKind: 'Internal',
      Duration: '1500000000',
      StatusCode: code,
      ParentSpanId: httpSpanId(REQUEST),
    });
  });

  test('are below what the handler did that sent them', () => {
    const spans = spansOf([
      ...answered(0, 'api', 'compute', { id: 'a', method: 'build' }, 100),
      publish(10, 'compute', notification('s', 'instance.create.start', told)),
      publish(20, 'compute', notification('e', 'instance.create.end', told)),
    ]);
    expect(named(spans, 'instance.create').ParentSpanId).toBe(named(spans, 'build', 'Server').SpanId);
  });

  test('an end whose beginning was not seen is what any notification is', () => {
    const [span] = spansOf([publish(0, 'compute', notification('e', 'instance.create.end', told))]);
    expect(span).toMatchObject({ SpanName: 'instance.create.end', SpanKind: 'Producer', Duration: '0' });
  });
});

describe('what ties traces together', () => {
  const create = publish(0, 'api', { id: 'boot', kind: 'cast', method: 'build', resources: [SERVER] });

  test('background work about what a request works on links to the HTTP request of that', () => {
    const spans = spansOf([
      create,
      publish(10, 'agent', { id: 'x', method: 'sync', requestId: null, hasUser: false, resources: [SERVER] }),
    ]);
    expect(named(spans, 'sync')).toMatchObject({
      'Links.TraceId': [traceIdOfRequest(REQUEST)],
      'Links.SpanId': [httpSpanId(REQUEST)],
      'Links.TraceState': [''],
      'Links.Attributes': [{ 'oslotap.resource': SERVER, 'oslotap.join': 'resource' }],
    });
    expect(named(spans, 'build')['Links.TraceId']).toEqual([]);
  });

  test("a service's own request that a resource tied to a user's says so", () => {
    const told = {
      id: 'x',
      kind: 'cast',
      method: 'external_instance_event',
      requestId: OTHER_REQUEST,
      resources: [SERVER],
    } as const;
    const span = named(spansOf([create, publish(10, 'api', told)]), 'external_instance_event');
    expect(span.TraceId).toBe(traceIdOfRequest(REQUEST));
    expect(span.SpanAttributes).toMatchObject({
      'oslotap.join': 'resource',
      'oslotap.confidence': 'likely',
      'oslotap.evidence': 'worked_on',
    });
  });
});

test('no two spans of a trace have the same id', () => {
  const call = { id: 'a', method: 'build' };
  const spans = spansOf([
    request(0, 'api'),
    ...answered(1, 'api', 'compute', call, 100),
    deliver(3, 'other', call),
    publish(10, 'compute', notification('s', 'instance.create.start')),
    publish(20, 'compute', notification('e', 'instance.create.end')),
    response(200, 'api'),
  ]);
  expect(spans.length).toBe(5);
  expect(new Set(spans.map(({ SpanId }) => SpanId)).size).toBe(spans.length);
});
