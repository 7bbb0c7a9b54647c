/**
 * Two sidecars beside the two nodes of a RabbitMQ cluster, as deploy/kubernetes/beside-rabbitmq has them: each arms its own node,
 * all share one tap queue, one is active, the other stands by and takes over. Skipped, loudly, where RabbitMQ is not installed.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { journalKey } from '../../src/journal/journal.ts';
import { eventsOf } from '../../src/journal/read.ts';
import { ROOT, scratch } from '../support/cli.ts';
import { type ClusterNode, describeWithCluster } from '../support/cluster.ts';
import { type LoadResult, runLoad } from '../support/rpc-load.ts';
import { ask, Sidecar, truthOf, until } from '../support/sidecar.ts';

const LONG = { timeout: 180_000 };
const STANDS_BY = /stands by/;
const TOOK_OVER = /took over/;
/** Several on one machine, in these tests only. */
const SILENT = { OSLOTAP_HTTP_LISTEN: 'off', OSLOTAP_QUERY_LISTEN: 'off' };

await describeWithCluster('sidecars that share a tap queue', (cluster) => {
  const [first, second] = cluster.nodes;
  const beside = (node: ClusterNode, store: string) =>
    Sidecar.start(['--arm', '--store', store], { ...SILENT, OSLOTAP_AMQP: node.amqp, OSLOTAP_API: apiOf(node) });
  const place = () => `chdb:${join(scratch(), 'data')}`;

  test('arm.sh switches the firehose of every node, and add-users.sh makes the users that a tap needs', LONG, async () => {
    const { rabbitmqctl } = first as ClusterNode & { readonly rabbitmqctl: { command: [string]; env: Record<string, string> } };
    const path = `${dirname(rabbitmqctl.command[0])}${delimiter}${process.env.PATH}`;
    const env = { ...process.env, ...rabbitmqctl.env, PATH: path };
    const run = (script: string, ...args: string[]) =>
      spawnSync('sh', [join(ROOT, 'deploy/rabbitmq', script), ...args], { env, encoding: 'utf8', timeout: 60_000 });
    for (const [word, isOn] of [['on', true] as const, ['off', false] as const]) {
      expect(run('arm.sh', word)).toMatchObject({ status: 0, stderr: '' });
      for (const node of cluster.nodes) expect(await isTracing(node)).toBe(isOn);
    }
    expect(run('arm.sh', 'on', 'nowhere')).toMatchObject({ status: 1, stderr: "arm.sh: there is no vhost 'nowhere'\n" });

    const file = join(scratch(), 'password');
    writeFileSync(file, 'of-the-tap\n');
    for (let times = 0; times < 2; times++)
      expect(run('add-users.sh', file)).toMatchObject({ status: 0, stdout: '', stderr: '' });
    const amqp = first.amqp.replace(/\/\/[^@]*@/, '//oslotap:of-the-tap@');
    const sidecar = await Sidecar.start(['--store', 'none'], { ...SILENT, OSLOTAP_AMQP: amqp, OSLOTAP_API: '' });
    expect(await sidecar.stop()).toBe(0);
  });

  test('the one that is killed, and the one that ends, are followed by the other: no event is missing', LONG, async () => {
    const stores = [place(), place()] as const;
    const killed = await beside(first, stores[0]);
    const other = await beside(second, stores[1]);
    await other.says(STANDS_BY);
    for (const node of cluster.nodes)
      await until(
        () => isTracing(node),
        () => `the firehose of ${node.node} is off`,
      );

    const loads: LoadResult[] = [];
    const truths: string[] = [];
    const load = async (node: ClusterNode, seconds: number) => {
      const truth = join(scratch(), 'truth.ndjson');
      truths.push(truth);
      loads.push(await runLoad({ amqp: node.amqp, rate: 150, seconds, truth }));
    };

    const whileKilled = load(first, 8);
    await sleep(3_000);
    await killed.kill();
    await other.says(TOOK_OVER);
    await whileKilled;
    await load(second, 3); // which only the second node's firehose shows

    const again = await beside(first, stores[0]);
    await again.says(STANDS_BY);
    const whileEnding = load(first, 8);
    await sleep(3_000);
    expect(await other.stop()).toBe(0);
    await again.says(TOOK_OVER);
    await whileEnding;
    expect(await again.stop()).toBe(0);

    const sent = truths.flatMap((file) => truthOf(file).map(({ unique_id }) => unique_id));
    const { messages, events, halves } = await together(stores);
    expect(sent.filter((id) => !messages.has(id))).toEqual([]);
    expect(messages.size).toBe(sent.length);
    // Of a call that one saw the other may have the reply: that half waits in its journal, and then stands in oslo_unmatched.
    const lacking = loads.reduce((sum, result) => sum + result.events, 0) - events;
    expect(lacking).toBeGreaterThanOrEqual(0);
    expect(lacking).toBeLessThanOrEqual(halves);
    for (const store of stores) expect(await ask(store, 'SELECT reason, detail FROM oslo_gaps FINAL')).toEqual([]);
    for (const node of cluster.nodes) expect(await isTracing(node)).toBe(false);
  });

  test(
    'a node that dies with its sidecar takes the tap queue along: the other makes a new one, and says what it did not see',
    LONG,
    async () => {
      const stores = [place(), place()] as const;
      const lost = await beside(first, stores[0]);
      const other = await beside(second, stores[1]);
      await other.says(STANDS_BY);
      await lost.kill();
      await cluster.kill(0);
      await other.says(/a new tap queue/);
      const truth = join(scratch(), 'truth.ndjson');
      const { events } = await runLoad({ amqp: second.amqp, rate: 100, seconds: 3, truth });
      expect(await other.stop()).toBe(0);
      const { messages, events: seen } = await together([stores[1]]);
      expect([...messages].sort()).toEqual(
        truthOf(truth)
          .map(({ unique_id }) => unique_id)
          .sort(),
      );
      expect(seen).toBe(events);
      const gaps = await ask<{ reason: string }>(stores[1], 'SELECT reason FROM oslo_gaps FINAL');
      expect(gaps.map(({ reason }) => reason)).toContain('disconnected');
    },
  );
});

/** What several stores have together: a message that two of them know counts once, with what both know. */
async function together(stores: readonly string[]) {
  const known = new Map<string, readonly number[]>();
  let halves = 0;
  for (const store of stores) {
    const rows = await ask<{ id: string; parts: number[] }>(
      store,
      'SELECT lower(hex(unique_id)) AS id, [1, replies, length(delivered_at), reply_deliveries] AS parts FROM oslo_messages FINAL',
    );
    for (const { id, parts } of rows) {
      const before = known.get(id);
      known.set(
        id,
        parts.map((part, i) => Math.max(part, before?.[i] ?? 0)),
      );
    }
    const [unmatched] = await ask<{ count: number }>(store, 'SELECT toUInt32(count()) AS count FROM oslo_unmatched FINAL');
    halves += (unmatched?.count ?? 0) + (await waitingHalves(store));
  }
  const events = [...known.values()].flat().reduce((sum, part) => sum + part, 0);
  return { messages: new Set(known.keys()), events, halves };
}

/** Events in a store's journal whose publish it has not. */
async function waitingHalves(store: string): Promise<number> {
  const directory = join(store.replace(/^chdb:/, ''), 'journal');
  const files = readdirSync(directory)
    .map((name) => join(directory, name))
    .map((path) => ({ path, bytes: statSync(path).size, events: 0 }));
  const published = new Set<string>();
  const others = new Map<string, number>();
  for await (const event of eventsOf(files)) {
    if (event === null || event.event === 'undecodable') continue;
    const key = journalKey(event);
    if (event.event === 'publish' && event.message.kind !== 'reply') published.add(key);
    else others.set(key, (others.get(key) ?? 0) + 1);
  }
  return [...others].reduce((sum, [key, count]) => sum + (published.has(key) ? 0 : count), 0);
}

function apiOf({ api, user, password }: ClusterNode): string {
  return api.replace('://', `://${user}:${password}@`);
}

/** Whether a node's own firehose is on: each answers for itself. */
async function isTracing({ api, user, password }: ClusterNode): Promise<boolean> {
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const response = await fetch(`${api}/api/vhosts/%2F`, { headers: { authorization } });
  return ((await response.json()) as { tracing: boolean }).tracing;
}
