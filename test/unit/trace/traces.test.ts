/** Which messages are one request by their ids, and which requests are one. */
import { describe, expect, test } from 'vitest';
import type { AuditedRequest } from '../../../src/message.ts';
import { merge, mergeCount, rootOf, Traces, weakestMerge } from '../../../src/trace/traces.ts';

const idOf = (n: number) => `req-${String(n).padStart(8, '0')}-0000-4000-8000-000000000000`;
const traceIdOf = (n: number) => idOf(n).slice(4).replaceAll('-', '');
const [A, B] = [idOf(1), idOf(2)];

const users = (requestId: string | null, globalRequestId: string | null = null) => ({
  requestId,
  globalRequestId,
  hasUser: true,
});
const services = (requestId: string | null, globalRequestId: string | null = null) => ({
  ...users(requestId, globalRequestId),
  hasUser: false,
});
const audit = (told: Partial<AuditedRequest>): AuditedRequest => ({
  isResponse: false,
  requestId: A,
  globalRequestId: null,
  action: 'create',
  path: '/v2.1/servers',
  status: null,
  ...told,
});
const answeredRead = (requestId: string) => audit({ requestId, action: 'read/list', isResponse: true, status: 200 });

function open(traces: Traces, context: ReturnType<typeof users>, method = 'do_it') {
  return rootOf(traces.ofRequest(context, method, 'uid') ?? expect.fail());
}

describe("a user's request", () => {
  test('is a trace of its own id', () => {
    expect(open(new Traces(), users(A))).toMatchObject({ id: traceIdOf(1), requestId: A, merged: null });
  });

  test('whose global id is its own is no part of another', () => {
    const traces = new Traces();
    expect(open(traces, users(A, A)).requestId).toBe(A);
    expect(open(traces, users(A, A)).merged).toBeNull();
  });

  test('is known again by a message without a user; an id that nobody asked under is not', () => {
    const traces = new Traces();
    const trace = open(traces, users(A));
    expect(traces.ofRequest(services(A), 'do_it', 'uid')).toBe(trace);
    expect(traces.ofRequest(services(B), 'do_it', 'uid')).toBeNull();
    expect(traces.ofRequest(services(null), 'do_it', 'uid')).toBeNull();
  });

  test('is the same for the audit of its HTTP request', () => {
    const traces = new Traces();
    expect(rootOf(traces.ofAudit(audit({}), 'uid'))).toBe(open(traces, users(A)));
  });
});

describe('a request that passes on the id of another', () => {
  test('is part of that, whichever is seen first', () => {
    for (const order of [
      [users(A), users(B, A)],
      [users(B, A), users(A)],
    ]) {
      const traces = new Traces();
      for (const context of order) open(traces, context);
      expect(open(traces, users(B, A)).requestId).toBe(A);
    }
  });

  test('stands for itself where that is a question which has its answer', () => {
    const traces = new Traces();
    traces.ofAudit(answeredRead(A), 'uid');
    expect(open(traces, users(B, A)).requestId).toBe(B);
    expect(traces.ofRequest(services(idOf(3), A), 'do_it', 'uid')).toBeNull();
    expect(open(traces, users(idOf(4), A), 'external_instance_event').requestId).toBeNull();
  });

  test('two that name each other are one, and stay so', () => {
    const traces = new Traces();
    for (const context of [users(A, B), users(B, A), users(A, B), users(B, A)]) open(traces, context);
    expect(open(traces, users(A, B))).toBe(open(traces, users(B, A)));
    expect(mergeCount(open(traces, users(A, B)))).toBe(0);
  });

  test('a long line of them is one request, in either order', () => {
    for (const order of [1, -1]) {
      const traces = new Traces();
      const line = Array.from({ length: 100 }, (_, i) => users(idOf(i + 1), i === 0 ? null : idOf(i)));
      for (const context of order === 1 ? line : line.toReversed()) open(traces, context);
      expect(new Set(line.map((context) => open(traces, context).requestId))).toEqual(new Set([A]));
    }
  });

  test('of many that wait for one id the last 256 are remembered', () => {
    const traces = new Traces();
    const count = 10_000;
    const waiting = Array.from({ length: count }, (_, i) => open(traces, users(idOf(i + 2), A)));
    open(traces, users(A));
    expect(waiting.filter((trace) => rootOf(trace).requestId === A)).toHaveLength(256);
    expect(rootOf(waiting[count - 1] ?? expect.fail()).requestId).toBe(A);
  });
});

describe('a request that only services make', () => {
  test("is nobody's, and stands with the others of its global id", () => {
    const traces = new Traces();
    const first = open(traces, users(A, idOf(9)), 'external_instance_event');
    expect(first).toMatchObject({ id: 'uid', requestId: null, isOrphan: true });
    expect(open(traces, users(B, idOf(9)), 'external_instance_event')).toBe(first);
  });

  test('is part of the request of its global id, once that is seen', () => {
    const traces = new Traces();
    const orphan = open(traces, users(B, A), 'external_instance_event');
    open(traces, users(A));
    expect(rootOf(orphan).requestId).toBe(A);
  });

  test.each(['/v2.1/os-server-external-events', '/{name}/v2.1/os-server-external-events'])('is known by its path %s', (path) => {
    expect(rootOf(new Traces().ofAudit(audit({ path }), 'uid')).isOrphan).toBe(true);
  });

  test('is part of the background round of its global id', () => {
    const traces = new Traces();
    const orphan = open(traces, users(B, A), 'external_instance_event');
    expect(traces.ofRound(A, 'round')).toBe(orphan);
    expect(orphan.isOrphan).toBe(false);
  });

  test("whose question has a global id that nobody saw is no user's", () => {
    expect(rootOf(new Traces().ofAudit(audit({ action: 'read', globalRequestId: B }), 'uid')).isOrphan).toBe(true);
    expect(new Traces().ofAudit(audit({ action: 'create', globalRequestId: B }), 'uid').requestId).toBe(A);
  });
});

test('an audit without a request id is a trace of its own', () => {
  expect(new Traces().ofAudit(audit({ requestId: null }), 'uid')).toMatchObject({ id: 'uid', requestId: null, isOrphan: false });
});

test('each round of an id is a trace of its own', () => {
  const traces = new Traces();
  expect([traces.ofRound(A, 'one').id, traces.ofRound(A, 'two').id, traces.ofRound(null, 'three').id]).toEqual([
    'one',
    'two',
    'three',
  ]);
});

test('a merge is as sure as the least sure on its way, and never of a trace with itself', () => {
  const traces = new Traces();
  const [one, two, three] = ['1', '2', '3'].map((id) => traces.unattributed(id));
  if (!one || !two || !three) throw new Error('three traces');
  const evidence = { kind: 'passed_id', resource: null, candidates: 0 } as const;
  merge(one, { into: two, join: 'request_id', confidence: 'certain', evidence });
  merge(two, { into: three, join: 'resource', confidence: 'likely', evidence });
  merge(three, { into: one, join: 'request_id', confidence: 'certain', evidence });
  expect([rootOf(one), mergeCount(one), weakestMerge(one)?.join, weakestMerge(three)]).toEqual([three, 2, 'resource', null]);
});
