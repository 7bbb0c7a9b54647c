import { expect, test } from 'vitest';
import type { MessageDetail, TraceSummary } from '../../../src/queries/traces.ts';
import { recipientsOf, sampleOf } from '../../../src/report/report-waterfall.ts';

const SUMMARY = {
  trace_id: '707e4331827d4eb799331ef7a3949adb',
  request_id: 'req-707e4331-827d-4eb7-9933-1ef7a3949adb',
  operation: 'server.create',
  start: '2026-11-21T19:55:43.000000000Z',
  duration_ms: 1_000,
  coverage: 1,
} as TraceSummary;

let serial = 0;

/** A call so many milliseconds after the beginning, answered after ten. */
function call(atMs: number, given: Partial<MessageDetail> = {}): MessageDetail {
  return {
    unique_id: `u${serial++}`,
    parent_unique_id: null,
    kind: 'call',
    method: 'object_action',
    object: 'Instance.save',
    request_id: SUMMARY.request_id,
    from: { service: 'nova-compute', host: 'cmp2', process: 'p' },
    to: [{ service: 'nova-conductor', host: 'ctl', queue: 'conductor', queue_wait_ms: 0.071 }],
    published_at: `2026-11-21T19:55:43.${String(atMs).padStart(3, '0')}000000Z`,
    duration_ms: 10,
    seen_for_ms: 12,
    status: 'ok',
    failure: null,
    verdict: null,
    http_action: '',
    http_path: '',
    http_status: 0,
    ...given,
  } as MessageDetail;
}

function rowsOf(messages: readonly MessageDetail[]) {
  return sampleOf(SUMMARY, messages).rows;
}

test('a row says who asked whom, when after the beginning, how long it waited and took', () => {
  expect(rowsOf([call(0), call(250)])[1]).toEqual({
    unique_id: 'u1',
    depth: 0,
    kind: 'call',
    name: 'Instance.save',
    times: 1,
    from: { service: 'nova-compute', host: 'cmp2' },
    to: [{ service: 'nova-conductor', host: 'ctl' }],
    at_ms: 250,
    wait_ms: 0.071,
    took_ms: 10,
    status: 'ok',
    verdict: null,
  });
});

test('three and more that are the same in a row are one row, from the first publish to the last answer', () => {
  const rows = rowsOf([call(0), call(20), call(40), call(60, { object: 'Other.save' }), call(80), call(90)]);
  expect(rows.map(({ name, times, took_ms }) => [name, times, took_ms])).toEqual([
    ['Instance.save', 3, 50],
    ['Other.save', 1, 10],
    ['Instance.save', 1, 10],
    ['Instance.save', 1, 10],
  ]);
});

test('what has something below it is a row of its own, and that stands below it', () => {
  const parents = [call(0), call(20), call(40)];
  const child = call(45, { parent_unique_id: parents[2]?.unique_id ?? '' });
  expect(rowsOf([...parents, child]).map(({ depth, times }) => [depth, times])).toEqual([
    [0, 1],
    [0, 1],
    [0, 1],
    [1, 1],
  ]);
});

test('an HTTP request is one row with its answer; other notifications are counted, and none', () => {
  const audit = { kind: 'notification', http_action: 'read', http_path: '/v2.0/ports' } as const;
  const asked = call(0, { ...audit, method: 'audit.http.request' });
  const answered = call(38, { ...audit, method: 'audit.http.response', http_status: 200 });
  const sample = sampleOf(SUMMARY, [
    asked,
    answered,
    call(50, { kind: 'notification', method: 'port.create.end', object: null }),
  ]);
  expect(sample.rows).toMatchObject([{ kind: 'http', name: 'GET /v2.0/ports', to: [], wait_ms: null, took_ms: 38 }]);
  expect(sample.notifications_left_out).toBe(1);
});

test('what has no answer lasts as long as something was seen of it; what nobody was given has no wait', () => {
  const [open, lost] = rowsOf([call(0, { duration_ms: null }), call(20, { kind: 'cast', to: [] })]);
  expect(open?.took_ms).toBe(12);
  expect(lost).toMatchObject({ wait_ms: null, took_ms: 12 });
});

test('beyond a hundred rows the rest is counted', () => {
  const many = Array.from({ length: 130 }, (_, at) => call(at, { object: `Object${at}.save` }));
  const sample = sampleOf(SUMMARY, many);
  expect([sample.rows.length, sample.rows_left_out]).toEqual([100, 30]);
});

test('of many recipients three are named', () => {
  const to = [1, 2, 3, 4, 5].map((host) => ({ service: 'agent', host: `h${host}`, queue: 'q', queue_wait_ms: 1 }));
  const [row] = rowsOf([call(0, { kind: 'fanout', to: to as unknown as MessageDetail['to'] })]);
  expect(row && recipientsOf(row)).toBe('agent@h1, agent@h2, agent@h3 and 2 more');
});
