/**
 * Real oslo.messaging over a real RabbitMQ of our own: clients and servers in Python make every kind of message, each
 * knows what it sent, and oslotap must tell the same from the firehose alone. Where RabbitMQ or oslo.messaging is not
 * installed these tests are skipped, and say what to install.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Message, TraceSummary } from '../../src/queries/traces.ts';
import { oslotap, python, type Ran, scratch } from '../support/cli.ts';
import { figuresOf } from '../support/figures.ts';

interface Sent {
  readonly unique_id: string;
  readonly kind: 'call' | 'cast' | 'fanout' | 'notification';
  readonly method: string;
  readonly outcome: 'sent' | 'ok' | 'failed' | 'timeout';
  readonly parent_unique_id: string | null;
  readonly request_id: string | null;
  readonly namespace: string | null;
}

interface Expected {
  readonly messages: readonly Sent[];
  readonly counts: Record<'calls' | 'casts' | 'fanouts' | 'replies' | 'notifications' | 'failures' | 'timeouts', number>;
  readonly secrets: readonly string[];
}

const MISSING = 2;

function record(capture: string): Ran {
  return python('oslo_messaging_scenario.py', [capture], 200_000);
}

test('every kind of message, as its sender knows it', { timeout: 240_000 }, async (context) => {
  const folder = scratch();
  const capture = join(folder, 'kinds.ndjson.gz');
  const recorded = record(capture);
  if (recorded.code === MISSING) return context.skip(`SKIPPED: ${recorded.stderr.trim()}`);
  expect(recorded).toMatchObject({ code: 0 });
  const expected = JSON.parse(readFileSync(join(folder, 'kinds.expected.json'), 'utf8')) as Expected;

  const directory = join(folder, 'data');
  const store = ['--store', `chdb:${directory}`];
  const replayed = oslotap(['replay', capture, ...store]);
  expect(replayed).toMatchObject({ code: 0, stderr: expect.not.stringContaining('undecodable') });
  const output = oslotap(['messages', '--json', ...store]).stdout;
  const messages = output
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Message);
  const byId = new Map(messages.map((message) => [message.unique_id, message]));

  // What each was, and what became of it.
  const told = expected.messages.map(({ unique_id }) => {
    const message = byId.get(unique_id);
    return (
      message && { unique_id, kind: message.kind, method: message.method, outcome: message.status, namespace: message.namespace }
    );
  });
  expect(told).toEqual(
    expected.messages.map(({ unique_id, kind, method, outcome, namespace }) => ({ unique_id, kind, method, outcome, namespace })),
  );
  expect(messages.length).toBe(expected.messages.length);

  // The sums.
  const traces = JSON.parse(oslotap(['requests', '--all', '--limit', '0', '--json', ...store]).stdout) as TraceSummary[];
  const sums = Object.keys(expected.counts).map((count) => [
    count,
    traces.reduce((total, { counts }) => total + (counts[count as keyof TraceSummary['counts']] ?? 0), 0),
  ]);
  const { heartbeats: _, ...counts } = expected.counts as Expected['counts'] & { heartbeats?: number };
  expect(Object.fromEntries(sums)).toMatchObject(counts);

  // Who caused what. Servers here work on several messages of one request at once, whose arguments do not tell them
  // apart: there the wire cannot say, and oslotap answers `likely`. What it calls certain must be right.
  const parents = expected.messages.map(({ unique_id, parent_unique_id }) => {
    const { parent_unique_id: found = null, confidence } = byId.get(unique_id) ?? {};
    return { found, wanted: parent_unique_id, isCertain: confidence === 'certain' };
  });
  const wanted = parents.filter((parent) => parent.wanted !== null);
  const right = wanted.filter((parent) => parent.found === parent.wanted);
  const wrong = parents.filter((parent) => parent.found !== null && parent.found !== parent.wanted);
  expect(wanted.length).toBeGreaterThan(20);
  expect(wrong.filter(({ isCertain }) => isCertain)).toEqual([]);
  expect(right.length / (right.length + wrong.length)).toBeGreaterThanOrEqual(0.9);
  expect(right.length / wanted.length).toBeGreaterThanOrEqual(0.8);

  // And nothing else.
  const everything = [output, replayed.stderr, ...(await figuresOf(directory)).rows].join('\n');
  expect(expected.secrets.filter((secret) => everything.includes(secret))).toEqual([]);
});
