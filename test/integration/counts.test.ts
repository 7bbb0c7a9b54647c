/** Counts, message by message, against a referee that shares no code with oslotap: test/support/count.py. */
import { describe, expect, test } from 'vitest';
import type { Message, TraceSummary } from '../../src/queries/traces.ts';
import { CAPTURES, capturePath } from '../support/captures.ts';
import { oslotap, python, scratch } from '../support/cli.ts';

interface Counted {
  readonly events: number;
  readonly publishes: Record<'call' | 'cast' | 'fanout' | 'reply' | 'notification', number>;
  readonly deliveries: Record<string, number>;
  readonly failures: number;
  readonly bytes_published: number;
  readonly bytes_delivered: number;
  readonly messages: Record<
    string,
    { kind: string; method: string; deliveries: number; bytes: number; exchange: string; routing_key: string }
  >;
}

describe.each(CAPTURES)('%s', (name) => {
  const store = () => `chdb:${scratch()}/data`;

  test('every message and every sum is as counted independently', () => {
    const at = store();
    const { code, stderr } = oslotap(['replay', capturePath(name), '--store', at]);
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('spans stored') });
    const counted = JSON.parse(python('count.py', [capturePath(name)]).stdout) as Counted;

    const messages = lines<Message>(oslotap(['messages', '--json', '--store', at]).stdout);
    const found = Object.fromEntries(
      messages.map(({ unique_id, kind, method, to, bytes, exchange, routing_key }) => [
        unique_id,
        { kind, method, deliveries: to.length, bytes, exchange, routing_key },
      ]),
    );
    const wanted = Object.fromEntries(
      Object.entries(counted.messages).map(([id, { kind, method, deliveries, bytes, exchange, routing_key }]) => [
        id,
        { kind, method, deliveries, bytes, exchange, routing_key },
      ]),
    );
    expect(messages.length).toBe(Object.keys(wanted).length);
    expect(found).toEqual(wanted);

    const traces = JSON.parse(oslotap(['requests', '--all', '--limit', '0', '--json', '--store', at]).stdout) as TraceSummary[];
    const sum = (count: keyof TraceSummary['counts']) => traces.reduce((total, { counts }) => total + counts[count], 0);
    expect({
      calls: sum('calls'),
      casts: sum('casts'),
      fanouts: sum('fanouts'),
      replies: sum('replies'),
      notifications: sum('notifications'),
      deliveries: sum('deliveries'),
      failures: sum('failures'),
      bytes_published: sum('bytes_published'),
      bytes_delivered: sum('bytes_delivered'),
      events: sum('publishes') + sum('deliveries'),
    }).toEqual({
      calls: counted.publishes.call,
      casts: counted.publishes.cast,
      fanouts: counted.publishes.fanout,
      replies: counted.publishes.reply,
      notifications: counted.publishes.notification,
      deliveries: Object.values(counted.deliveries).reduce((total, count) => total + count, 0),
      failures: counted.failures,
      bytes_published: counted.bytes_published,
      bytes_delivered: counted.bytes_delivered,
      events: counted.events,
    });
  });
});

function lines<T>(text: string): T[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}
