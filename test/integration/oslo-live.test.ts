/**
 * Real oslo.messaging, tapped live: what its clients and servers know of every message, also where servers are too slow, die
 * or lose their caller, is what oslotap tells; and of every call that fails, why and where. Two releases, with classic queues, quorum queues and streams.
 */
import { expect, test } from 'vitest';
import type { TraceSummary } from '../../src/queries/traces.ts';
import { describeWithBroker } from '../support/broker.ts';
import { oslotap } from '../support/cli.ts';
import { figuresOf } from '../support/figures.ts';
import { type FailuresOptions, playBeside, verdictCounts, wrongVerdicts } from '../support/oslo-failures.ts';
import { storedMessages } from '../support/sidecar.ts';

type Variant = Required<Pick<FailuresOptions, 'recent' | 'queues'>>;

await describeWithBroker('real oslo.messaging, live', { trace: true }, (broker) => {
  test.each<Variant>([
    { recent: false, queues: 'classic' },
    { recent: true, queues: 'quorum' },
    { recent: true, queues: 'stream' },
  ])('$queues queues, a recent release: $recent', { timeout: 240_000 }, async ({ recent, queues }) => {
    const vhost = `${recent ? 'recent' : 'debian'}-${queues}`;
    const played = await playBeside(broker, { vhost, recent, queues });
    if ('missing' in played) {
      console.warn(`SKIPPED: ${played.missing}`);
      return;
    }
    const { sidecar, expected, directory } = played;
    const store = `chdb:${directory}`;
    expect(await sidecar.stop()).toBe(0);

    const messages = storedMessages(store);
    const byId = new Map(messages.map((message) => [message.unique_id, message]));
    const told = expected.messages.map(({ unique_id }) => {
      const message = byId.get(unique_id);
      return message && { unique_id, kind: message.kind, method: message.method, outcome: message.status };
    });
    expect(told).toEqual(expected.messages.map(({ unique_id, kind, method, outcome }) => ({ unique_id, kind, method, outcome })));
    expect(messages).toHaveLength(expected.messages.length);

    expect(wrongVerdicts(expected, messages)).toEqual([]);
    expect(Math.min(...Object.values(verdictCounts(expected)))).toBeGreaterThan(1);

    const traces = JSON.parse(
      oslotap(['requests', '--all', '--limit', '0', '--json', '--store', store]).stdout,
    ) as TraceSummary[];
    const { heartbeats: _, ...counts } = expected.counts;
    const sums = Object.keys(counts).map((count) => [
      count,
      traces.reduce((total, trace) => total + trace.counts[count as keyof TraceSummary['counts']], 0),
    ]);
    expect(Object.fromEntries(sums)).toEqual(counts);

    const everything = [sidecar.log, JSON.stringify(messages), ...(await figuresOf(directory)).rows].join('\n');
    expect(expected.secrets.filter((secret) => everything.includes(secret))).toEqual([]);
  });
});
