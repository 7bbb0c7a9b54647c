/** Spans as OpenTelemetry's exporters take them. */
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { expect, test } from 'vitest';
import { readableSpans } from '../../../src/sinks/otlp/readable-spans.ts';
import type { Span } from '../../../src/sinks/spans/span.ts';
import { span, TRACE } from './arbitrary.ts';

function readable(told: Partial<Span>) {
  const [only] = readableSpans([span(1, told)], resourceFromAttributes);
  if (only === undefined) throw new Error('there is one');
  return only;
}

test('times are exact to the nanosecond', () => {
  const { startTime, endTime, duration } = readable({ startNs: 1_763_754_943_000_000_001n, endNs: 1_763_754_944_999_999_999n });
  expect({ startTime, endTime, duration }).toEqual({
    startTime: [1_763_754_943, 1],
    endTime: [1_763_754_944, 999_999_999],
    duration: [1, 999_999_998],
  });
});

test('an end before the start counts as the start', () => {
  const { startTime, endTime, duration } = readable({ startNs: 5n, endNs: 3n });
  expect([startTime, endTime, duration]).toEqual([
    [0, 5],
    [0, 5],
    [0, 0],
  ]);
});

test.each([
  ['Internal', SpanKind.INTERNAL, false],
  ['Server', SpanKind.SERVER, true],
  ['Client', SpanKind.CLIENT, false],
  ['Producer', SpanKind.PRODUCER, false],
  ['Consumer', SpanKind.CONSUMER, true],
] as const)('%s is of its kind; its parent is remote: %s %s', (kind, number, isRemote) => {
  const found = readable({ kind, parentSpanId: '00000000000000ff' });
  expect(found.kind).toBe(number);
  expect(found.parentSpanContext).toMatchObject({ traceId: TRACE, spanId: '00000000000000ff', isRemote });
});

test('what has no parent has none', () => {
  expect(readable({}).parentSpanContext).toBeUndefined();
});

test('an error has its words, and nothing else has', () => {
  expect(readable({ isError: true, statusMessage: 'Boom' }).status).toEqual({ code: SpanStatusCode.ERROR, message: 'Boom' });
  expect(readable({ statusMessage: 'Boom' }).status).toEqual({ code: SpanStatusCode.UNSET });
});

test('numbers are numbers and truths are truths', () => {
  const attributes = {
    'http.response.status_code': '202',
    'messaging.message.body.size': '1234',
    'oslotap.queue_wait_ms': '0.110',
    'oslotap.redelivered': 'true',
    'rpc.method': '12',
  };
  expect(readable({ attributes }).attributes).toEqual({
    'http.response.status_code': 202,
    'messaging.message.body.size': 1_234,
    'oslotap.queue_wait_ms': 0.11,
    'oslotap.redelivered': true,
    'rpc.method': '12',
  });
});

test('spans of one process have one resource, which says who it is', () => {
  const other = { id: 'nova-compute@cmp1:7', service: 'nova-compute', host: 'cmp1' };
  const found = readableSpans([span(1), span(2), span(3, { process: other })], resourceFromAttributes);
  expect(found[0]?.resource).toBe(found[1]?.resource);
  expect(found.map(({ resource }) => resource.attributes)).toEqual([
    { 'service.name': 'nova-api', 'host.name': 'ctl', 'service.instance.id': 'nova-api@ctl:1' },
    { 'service.name': 'nova-api', 'host.name': 'ctl', 'service.instance.id': 'nova-api@ctl:1' },
    { 'service.name': 'nova-compute', 'host.name': 'cmp1', 'service.instance.id': 'nova-compute@cmp1:7' },
  ]);
});

test.each([
  [{ id: 'x', service: '', host: 'ctl' }, 'ctl'],
  [{ id: 'x', service: '', host: '' }, 'unknown_service'],
])('the service of %j is called %s', (process, name) => {
  expect(readable({ process }).resource.attributes['service.name']).toBe(name);
});

test('a link to a trace that no request began is to no span of it', () => {
  const [link] = readable({ links: [{ traceId: TRACE, spanId: '', attributes: { 'oslotap.join': 'resource' } }] }).links;
  expect(link).toMatchObject({
    context: { traceId: TRACE, spanId: '0000000000000000' },
    attributes: { 'oslotap.join': 'resource' },
  });
});
