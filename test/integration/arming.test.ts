/**
 * Arming a real cluster of two nodes: each node has its own firehose, nothing else of a vhost changes, and what was there
 * before comes back, whatever dies meanwhile. Skipped, loudly, where RabbitMQ is not installed.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { connect } from 'amqplib';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { ManagementApi } from '../../collectors/management/api.ts';
import { checkArmed } from '../../collectors/management/check.ts';
import type { ArmedEntry } from '../../collectors/management/record.ts';
import { readBrokerSnapshot } from '../../collectors/management/snapshot.ts';
import { type Ran, ROOT, scratch } from '../support/cli.ts';
import { type ClusterNode, describeWithCluster } from '../support/cluster.ts';

let vhost = '';
let vhosts = 0;

await describeWithCluster('arming', (cluster) => {
  const [first, second] = cluster.nodes;
  const both = cluster.nodes.map((node) => url(node)).join();

  beforeEach(async () => {
    // A new name each time: a node remembers that it traces a vhost even when the vhost is deleted and made anew.
    vhost = `cloud-${++vhosts}`;
    await cluster.ctl(
      0,
      'add_vhost',
      vhost,
      '--description',
      'ü "of" the cloud',
      '--tags',
      'a,b',
      '--default-queue-type',
      'quorum',
    );
    await manage(first, 'PUT', `/api/permissions/${vhost}/${first.user}`, { configure: '.*', write: '.*', read: '.*' });
  });

  test('nothing of a vhost changes but its tracing', async () => {
    const state = scratch();
    const before = await vhostOf(first);
    expect(before).toMatchObject({
      description: 'ü "of" the cloud',
      tags: ['a', 'b'],
      default_queue_type: 'quorum',
      tracing: false,
    });

    expect(await tap(['arm'], { both, state })).toMatchObject({ code: 0, stderr: '' });
    for (const node of cluster.nodes) expect(await vhostOf(node)).toEqual({ ...before, tracing: true });
    expect(statSync(join(state, 'armed.json')).mode & 0o777).toBe(0o600);

    expect(await tap(['disarm'], { both, state })).toMatchObject({ code: 0, stderr: '' });
    for (const node of cluster.nodes) expect(await vhostOf(node)).toEqual(before);
    expect(existsSync(join(state, 'armed.json'))).toBe(false);
    expect(await tap(['disarm'], { both, state })).toMatchObject({ code: 0, stdout: '' });

    // The same broker, told to switch tracing and nothing more: this is what arming must not do.
    await manage(first, 'PUT', `/api/vhosts/${vhost}`, { tracing: true });
    expect(await vhostOf(first)).toMatchObject({ description: '', tags: [] });
  });

  test('each node is switched on its own, and what was on before stays on', async () => {
    const state = scratch();
    await cluster.ctl(1, 'trace_on', '-p', vhost);
    expect(await tracing()).toEqual([false, true]);

    const armed = await tap(['arm', '--json'], { both, state });
    expect(JSON.parse(armed.stdout)).toEqual([
      { node: first.node, vhost, outcome: 'armed', reason: null },
      { node: second.node, vhost, outcome: 'already_on', reason: null },
    ]);
    expect(await tracing()).toEqual([true, true]);
    await tap(['arm'], { both, state }); // again: what was found at first is not forgotten
    expect(entriesIn(state).map(({ node, wasTracing }) => [node, wasTracing])).toEqual([
      [first.node, false],
      [second.node, true],
    ]);

    expect((await tap(['disarm', '--json'], { both, state })).stdout).toContain('left_on');
    expect(await tracing()).toEqual([false, true]);
    expect(await tap(['disarm', '--force'], { both, state })).toMatchObject({ code: 0 });
    expect(await tracing()).toEqual([false, false]);
  });

  test('who is killed at the moment of switching leaves enough behind to put everything back', async () => {
    const state = scratch();
    let recorded: ArmedEntry[] = [];
    let kill = () => {};
    const proxy = await listen(async (method, path, body) => {
      if (method === 'PUT') {
        recorded = entriesIn(state);
        kill();
      }
      return await forward(first, method, path, body);
    });
    const running = start(['arm'], { both: [url(proxy), url(second)].join(), state });
    kill = () => running.child.kill('SIGKILL');
    expect(await running.ended).toMatchObject({ code: null });
    expect(recorded).toMatchObject([{ node: first.node, vhost, wasTracing: false, pid: running.child.pid }]);
    await expect.poll(tracing).toEqual([true, false]);

    const status = JSON.parse((await tap(['status', '--json'], { both, state })).stdout);
    expect(status.nodes[0].vhosts).toMatchObject([{ tracing: 'on', armed: { pid: running.child.pid, was_tracing: false } }]);
    expect(await tap(['disarm'], { both, state })).toMatchObject({ code: 0, stderr: '' });
    expect(await tracing()).toEqual([false, false]);
  });

  test('a node that restarts has lost its firehose; one that is down is put back later', async () => {
    const state = scratch();
    const apis = cluster.nodes.map((node) => new ManagementApi(url(node)));
    onTestFinished(() => apis.forEach((api) => void api.close()));
    const states = async () => (await checkArmed(apis, [vhost])).toSorted((a, b) => order(a.node) - order(b.node));
    const order = (node: string) => cluster.nodes.findIndex((of) => of.node === node);
    const [at, other] = [
      { node: first.node, vhost },
      { node: second.node, vhost },
    ];
    await tap(['arm'], { both, state });
    expect(await states()).toEqual([
      { ...at, state: 'on', reason: null },
      { ...other, state: 'on', reason: null },
    ]);

    await cluster.kill(1);
    expect(await states()).toEqual([
      { ...at, state: 'on', reason: null },
      { ...other, state: 'unknown', reason: 'unreachable' },
    ]);
    const early = await tap(['disarm'], { both, state });
    expect(early).toMatchObject({ code: 1, stderr: expect.stringContaining(second.node) });
    expect(early.stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(entriesIn(state)).toMatchObject([{ node: second.node }]);
    const status = await tap(['status', '--json'], { both, state });
    expect(status).toMatchObject({ code: 1 });
    expect(JSON.parse(status.stdout).nodes).toMatchObject([
      { running: true },
      { node: second.node, running: false, version: null },
    ]);

    await cluster.start(1);
    expect(await states()).toEqual([
      { ...at, state: 'off', reason: null },
      { ...other, state: 'off', reason: null },
    ]);
    expect(await tap(['disarm'], { both, state })).toMatchObject({ code: 0, stdout: expect.stringContaining('was off already') });
    expect(existsSync(join(state, 'armed.json'))).toBe(false);
  });

  test('a node without a URL is named, and the others are armed', async () => {
    const state = scratch();
    const armed = await tap(['arm'], { both: url(first), state });
    expect(armed).toMatchObject({ code: 1, stderr: expect.stringContaining(`no URL leads to ${second.node}`) });
    expect(await tracing()).toEqual([true, false]);
    const api = new ManagementApi(url(first));
    onTestFinished(() => api.close());
    expect(await checkArmed([api], [vhost])).toContainEqual({
      node: second.node,
      vhost,
      state: 'unknown',
      reason: 'no_url',
    });
  });

  test('a load balancer is told from a node', async () => {
    const twice = await tap(['arm'], {
      both: [url(first), url(await listen((...request) => forward(first, ...request)))].join(),
    });
    expect(twice).toMatchObject({ code: 2, stderr: expect.stringContaining(`both lead to ${first.node}`) });
    expect(await tracing()).toEqual([false, false]);

    const proxy = await listen((method, ...rest) => forward(method === 'PUT' ? second : first, method, ...rest));
    const armed = await tap(['arm'], { both: url(proxy) });
    expect(armed).toMatchObject({ code: 1, stdout: expect.stringContaining('is it a load balancer?') });
  });

  test('a set-up that cannot work is one line, and changes nothing', async () => {
    await manage(first, 'PUT', '/api/users/viewer', { password: 'viewer-secret', tags: 'monitoring' });
    await manage(first, 'PUT', '/api/users/nobody', { password: 'nobody-secret', tags: '' });
    const closed = await listen(() => Promise.reject());
    await new Promise((resolve) => closed.server.close(resolve));
    const elsewhere = await listen(async () => ({ status: 200, body: '<html>' }));
    const wrong: [string, string, string[]?][] = [
      ['wrong user or password', url(first, first.user, 'wrong-secret')],
      ['needs the tag administrator', url(first, 'viewer', 'viewer-secret')],
      ['needs the tag management', url(first, 'nobody', 'nobody-secret')],
      ["no vhost 'nowhere'", url(first), ['--vhost', 'nowhere']],
      ['cannot be reached: ECONNREFUSED', url(closed)],
      ["is not RabbitMQ's management API", url(elsewhere)],
      ["is not RabbitMQ's management API", first.amqp.replace('amqp:', 'http:')],
      ['TLS failed', url({ ...first, api: first.tls?.api ?? '' })],
    ];
    for (const [line, both, args = []] of wrong) {
      const state = scratch();
      const { code, stdout, stderr } = await tap(['arm', ...args], { both, state });
      expect({ code, stdout, stderr }).toEqual({ code: 2, stdout: '', stderr: expect.stringContaining(line) });
      expect(stderr.trimEnd().split('\n')).toHaveLength(1);
      expect(stderr).not.toMatch(/secret|oslotap-test@|oslotap-test:/);
      expect(existsSync(join(state, 'armed.json'))).toBe(false);
    }
    expect(await tracing()).toEqual([false, false]);
  });

  test('a password on the command line is warned of, once', async () => {
    const { code, stderr } = await tap(['status', '--api', url(first), url(second)], { both: 'unused' });
    expect(code).toBe(0);
    expect(stderr.trimEnd().split('\n')).toEqual([expect.stringContaining('OSLOTAP_API')]);
    expect(stderr).not.toContain(first.password);
  });

  test('status over TLS, for a user who may only look', async () => {
    await manage(first, 'PUT', '/api/users/viewer', { password: 'viewer-secret', tags: 'monitoring' });
    await manage(first, 'PUT', `/api/permissions/${vhost}/viewer`, { configure: '', write: '', read: '.*' });
    await manage(first, 'PUT', `/api/queues/${vhost}/oslotap.tap`, { durable: true, arguments: { 'x-queue-type': 'classic' } });
    const secure = url({ ...first, api: first.tls?.api ?? '' }, 'viewer', 'viewer-secret');
    const ran = await tap(['status', '--json', '--ca', first.tls?.ca ?? ''], {
      both: [secure, url(second, 'viewer', 'viewer-secret')].join(),
    });
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(ran.stdout)).toMatchObject({
      nodes: [
        { node: first.node, version: expect.any(String), running: true, mem_alarm: false, disk_free_alarm: false },
        { node: second.node, vhosts: [{ vhost, tracing: 'off', armed: null }] },
      ],
      tap_queues: [{ vhost, name: 'oslotap.tap', messages: 0, consumers: 0 }],
      problems: [],
    });
  });

  test('the broker tells its connections by name, and what went through a queue', async () => {
    await manage(first, 'PUT', `/api/vhosts/${vhost}`, { tracing: true });
    const options = { clientProperties: { connection_name: 'nova-compute:4711:abc' } };
    const client = await connect(`${first.amqp}${vhost}`, options);
    onTestFinished(() => client.close());
    const channel = await client.createConfirmChannel();
    const bounded = { 'x-queue-type': 'classic', 'x-max-length': 5, 'x-overflow': 'drop-head' };
    await channel.assertQueue('oslotap.tap', { durable: true, arguments: bounded });
    await channel.bindQueue('oslotap.tap', 'amq.rabbitmq.trace', 'publish.#');
    await channel.assertQueue('reply_1', { durable: true, arguments: { 'x-queue-type': 'classic' } });
    await channel.consume('reply_1', () => {}, { noAck: true });
    for (let i = 0; i < 20; i++) channel.publish('amq.topic', 'conductor', Buffer.from('body'));
    await channel.waitForConfirms();
    for (let i = 0; i < 2; i++) {
      const message = await channel.get('oslotap.tap', { noAck: false });
      if (message !== false) channel.ack(message);
    }

    const api = new ManagementApi(url(second));
    onTestFinished(() => api.close());
    const queue = async () => {
      const { messages, arrivedCount, ackedCount } = (await api.queue(vhost, 'oslotap.tap')) ?? {};
      return { messages, arrivedCount, ackedCount };
    };
    await expect.poll(queue, POLL).toEqual({ messages: 3, arrivedCount: 20, ackedCount: 2 }); // so 15 were dropped
    expect(await api.queue(vhost, 'nowhere')).toBe(null);
    expect(await api.exchanges(vhost)).toContainEqual({ name: 'amq.rabbitmq.trace', type: 'topic' });

    const connection = { connectionName: 'nova-compute:4711:abc', peerHost: '127.0.0.1' };
    const snapshot = () => readBrokerSnapshot(api, [vhost]);
    await expect.poll(async () => (await snapshot()).connections, POLL).toMatchObject([connection]);
    await expect.poll(async () => (await snapshot()).consumers.map(({ queue: name }) => name), POLL).toEqual(['reply_1']);
    const { connections, consumers, queues } = await snapshot();
    expect(consumers[0]?.connection).toBe(connections[0]?.name);
    expect([...queues].sort()).toEqual(['oslotap.tap', 'reply_1']);
  });

  async function tracing(): Promise<boolean[]> {
    return await Promise.all(cluster.nodes.map(async (node) => (await vhostOf(node)).tracing));
  }
});

/** Statistics come each second. */
const POLL = { timeout: 20_000, interval: 200 };

interface Place {
  readonly api: string;
  readonly user: string;
  readonly password: string;
}

function url({ api, user, password }: Place, asUser = user, asPassword = password): string {
  return api.replace('://', `://${asUser}:${asPassword}@`);
}

interface Options {
  /** What OSLOTAP_API holds. */
  readonly both?: string;
  readonly state?: string;
}

function tap(args: readonly string[], options: Options): Promise<Ran> {
  return start(args, options).ended;
}

/** A process of its own, as its users run it, without holding up the proxies of this one. */
function start(args: readonly string[], { both = '', state = scratch() }: Options) {
  const env = { ...process.env, OSLOTAP_API: both, OSLOTAP_STATE: state, OSLOTAP_VHOST: vhost };
  const bin = [join(ROOT, 'src/cli/bin.ts'), 'tap', ...args];
  const child = spawn(process.execPath, bin, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const texts = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (texts.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (texts.stderr += text));
  const { promise, resolve } = Promise.withResolvers<Ran>();
  child.on('close', (code) => resolve({ code, ...texts }));
  return { child, ended: promise };
}

function entriesIn(state: string): ArmedEntry[] {
  return JSON.parse(readFileSync(join(state, 'armed.json'), 'utf8')).entries;
}

async function manage(place: Place, method: string, path: string, body?: unknown): Promise<unknown> {
  const answer = await forward(place, method, path, body === undefined ? '' : JSON.stringify(body));
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.body}`);
  return answer.body === '' ? null : JSON.parse(answer.body);
}

interface VhostRow {
  readonly tracing: boolean;
  readonly [setting: string]: unknown;
}

async function vhostOf(node: ClusterNode): Promise<VhostRow> {
  const { cluster_state: _, ...row } = (await manage(node, 'GET', `/api/vhosts/${vhost}?disable_stats=true`)) as VhostRow;
  return row as VhostRow;
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

type Handler = (method: string, path: string, body: string) => Promise<Answer>;

async function forward({ api, user, password }: Place, method: string, path: string, body: string): Promise<Answer> {
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const headers = { authorization, 'content-type': 'application/json' };
  const response = await fetch(api + path, { method, headers, ...(body === '' ? {} : { body }) });
  return { status: response.status, body: await response.text() };
}

/** An HTTP server of the test's own. */
async function listen(handle: Handler): Promise<Place & { readonly server: Server }> {
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const handled = handle(request.method ?? '', request.url ?? '', body);
    const answer = await handled.catch((error: unknown) => ({ status: 500, body: String(error) }));
    response.writeHead(answer.status).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return { server, api: `http://127.0.0.1:${port}`, user: 'somebody', password: 'proxy-secret' };
}
