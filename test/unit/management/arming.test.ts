/** What a cluster of a test's own cannot be brought to do quickly: nodes that leave, clusters that are mixed up. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ManagementApi } from '../../../collectors/management/api.ts';
import { arm, disarm } from '../../../collectors/management/arming.ts';
import { checkArmed } from '../../../collectors/management/check.ts';
import { ArmedRecord } from '../../../collectors/management/record.ts';
import { scratch } from '../../support/cli.ts';
import { bodyOf, serve } from './server.ts';

/** A node as it stands; tests change it as they go. */
interface Node {
  readonly name: string;
  cluster: string[];
  readonly tracing: Map<string, boolean>;
  puts: number;
}

async function nodeOf(name: string, cluster: string[], vhosts = ['/']): Promise<{ node: Node; api: ManagementApi }> {
  const node: Node = { name, cluster, tracing: new Map(vhosts.map((vhost) => [vhost, false])), puts: 0 };
  const url = await serve(async (request, response) => {
    const [, , kind, vhost = ''] = new URL(request.url ?? '', 'http://node').pathname.split('/');
    const answer = (status: number, body: unknown = '') => void response.writeHead(status).end(JSON.stringify(body));
    const known = decodeURIComponent(vhost);
    if (kind === 'overview') return answer(200, { node: node.name, rabbitmq_version: '3.10.8', cluster_name: node.name });
    if (kind === 'nodes')
      return answer(
        200,
        node.cluster.map((other) => ({ name: other, running: true })),
      );
    const row = (of: string) => ({
      name: of,
      tracing: node.tracing.get(of),
      description: '',
      tags: [],
      cluster_state: stateOf(node),
    });
    if (vhost === '') return answer(200, [...node.tracing.keys()].map(row));
    if (request.method === 'PUT') {
      node.puts++;
      node.tracing.set(known, ((await bodyOf(request)) as { tracing: boolean }).tracing);
      return void response.writeHead(204).end();
    }
    return node.tracing.has(known) ? answer(200, row(known)) : answer(404, { error: 'Object Not Found', reason: 'Not Found' });
  });
  const api = new ManagementApi(url);
  onTestFinished(() => api.close());
  return { node, api };
}

function stateOf({ cluster }: Node): Record<string, string> {
  return Object.fromEntries(cluster.map((name) => [name, 'running']));
}

async function pair() {
  const names = ['rabbit@a', 'rabbit@b'];
  const [a, b] = [await nodeOf('rabbit@a', names), await nodeOf('rabbit@b', names)];
  const directory = scratch();
  return { a, b, apis: [a.api, b.api], record: new ArmedRecord(directory), file: join(directory, 'armed.json') };
}

test('a node that left its cluster has nothing to be put back', async () => {
  const { a, apis, record, file } = await pair();
  await arm(apis, ['/'], record);
  a.node.cluster = ['rabbit@a'];
  const steps = await disarm([a.api], record);
  expect(steps.map(({ node, outcome }) => [node, outcome])).toEqual([
    ['rabbit@a', 'disarmed'],
    ['rabbit@b', 'gone'],
  ]);
  expect(existsSync(file)).toBe(false);
});

test("another cluster's URLs do not make the record forget", async () => {
  const { a, apis, record } = await pair();
  const { api } = await nodeOf('rabbit@other', ['rabbit@other']);
  await arm(apis, ['/'], record);
  const steps = await disarm([api], record);
  expect(steps.map(({ outcome, reason }) => [outcome, reason])).toEqual([
    ['not_done', 'no URL leads to rabbit@a'],
    ['not_done', 'no URL leads to rabbit@b'],
  ]);
  expect(record.entries()).toHaveLength(2);
  await expect(arm([a.api, api], ['/'], record)).rejects.toThrow('is not in the cluster of');
});

test('a vhost that is gone has nothing to be put back, and is not made anew', async () => {
  const { a, b, apis, record, file } = await pair();
  await arm(apis, ['/'], record);
  for (const { node } of [a, b]) node.tracing.delete('/');
  expect((await disarm(apis, record)).map(({ outcome }) => outcome)).toEqual(['gone', 'gone']);
  expect([existsSync(file), a.node.tracing.size, a.node.puts]).toEqual([false, 0, 1]);
});

test('a vhost that one node does not have stops everything before anything is switched', async () => {
  const { a, b, apis, record, file } = await pair();
  a.node.tracing.set('nova', false);
  await expect(arm(apis, ['nova', '/'], record)).rejects.toThrow("has no vhost 'nova'");
  expect([a.node.puts, b.node.puts, existsSync(file)]).toEqual([0, 0, false]);
});

test('what somebody else had switched on, and oslotap after a restart again, is its to switch off', async () => {
  const { a, b, apis, record } = await pair();
  a.node.tracing.set('/', true);
  expect((await arm(apis, ['/'], record)).map(({ outcome }) => outcome)).toEqual(['already_on', 'armed']);
  a.node.tracing.set('/', false); // restarted
  expect(await checkArmed(apis, ['/'])).toMatchObject([{ state: 'off' }, { state: 'on' }]);
  expect((await arm(apis, ['/'], record)).map(({ outcome }) => outcome)).toEqual(['armed', 'already_on']);
  await disarm(apis, record);
  expect([a.node.tracing.get('/'), b.node.tracing.get('/')]).toEqual([false, false]);
});

test('disarm without a record asks nobody; forced, it leaves other vhosts alone', async () => {
  const { a, apis, record } = await pair();
  a.node.tracing.set('/', true);
  a.node.tracing.set('nova', true);
  const nobody = new ManagementApi('http://user:password@127.0.0.1:1');
  expect(await disarm([nobody], record)).toEqual([]);
  const steps = await disarm(apis, record, { vhosts: ['nova'], isForced: true });
  expect(steps.map(({ node, outcome }) => [node, outcome])).toEqual([
    ['rabbit@a', 'disarmed'],
    ['rabbit@b', 'gone'],
  ]);
  expect([...a.node.tracing]).toEqual([
    ['/', true],
    ['nova', false],
  ]);
});

test('two URLs of one node are told, also while looking again and again', async () => {
  const { a, b, apis, record } = await pair();
  await expect(arm([a.api, a.api], ['/'], record)).rejects.toThrow('both lead to rabbit@a');
  expect(await checkArmed([a.api, a.api], ['/'])).toEqual([
    { node: 'rabbit@a', vhost: '/', state: 'off', reason: null },
    { node: a.api.at, vhost: '/', state: 'unknown', reason: 'same_node' },
    { node: 'rabbit@b', vhost: '/', state: 'unknown', reason: 'no_url' },
  ]);
  expect(await checkArmed(apis, ['nova'])).toEqual([
    { node: 'rabbit@a', vhost: 'nova', state: 'unknown', reason: 'no_vhost' },
    { node: 'rabbit@b', vhost: 'nova', state: 'unknown', reason: 'no_vhost' },
  ]);
  expect([a.node.puts, b.node.puts]).toEqual([0, 0]);
});
