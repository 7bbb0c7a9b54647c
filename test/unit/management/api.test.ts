/** What other releases answer than the one that tests run against. */
import { expect, onTestFinished, test } from 'vitest';
import { ManagementApi } from '../../../collectors/management/api.ts';
import { readBrokerSnapshot } from '../../../collectors/management/snapshot.ts';
import { bodyOf, serve } from './server.ts';

function open(url: string): ManagementApi {
  const api = new ManagementApi(url);
  onTestFinished(() => api.close());
  return api;
}

/** Switches tracing on at a broker that describes its vhost so. @returns what it was sent. */
async function sentBack(vhost: unknown): Promise<unknown> {
  let sent: unknown = null;
  const url = await serve(async (request, response) => {
    if (request.method === 'PUT') sent = await bodyOf(request);
    response.writeHead(request.method === 'PUT' ? 204 : 200).end(request.method === 'PUT' ? '' : JSON.stringify(vhost));
  });
  const api = open(url);
  const found = await api.vhost('cloud');
  if (found === null) throw new Error('there is a vhost');
  await api.setTracing(found, true);
  return sent;
}

test('everything that can be set is sent back, under both names that releases know', async () => {
  const metadata = { description: 'd', tags: ['a'], default_queue_type: 'quorum' };
  const vhost = { name: 'cloud', description: 'd', tags: ['a'], default_queue_type: 'quorum', metadata, tracing: false };
  expect(await sentBack(vhost)).toEqual({
    tracing: true,
    description: 'd',
    tags: ['a'],
    default_queue_type: 'quorum',
    defaultqueuetype: 'quorum',
  });
});

test("a queue type that is the node's is not made the vhost's own", async () => {
  const vhost = {
    name: 'cloud',
    description: '',
    tags: [],
    protected_from_deletion: true,
    metadata: { description: '', tags: [] },
  };
  const sent = { tracing: true, description: '', tags: [] };
  expect(await sentBack({ ...vhost, default_queue_type: 'undefined', tracing: false })).toEqual(sent);
  expect(await sentBack({ ...vhost, default_queue_type: null, tracing: false })).toEqual(sent);
});

test.each([['[]'], ['{}'], ['null'], ['"text"'], ['{"node":5,"rabbitmq_version":"4"}']])(
  '%s is not taken for the answer of a broker',
  async (body) => {
    const api = open(await serve((_, response) => void response.end(body)));
    await expect(api.overview()).rejects.toThrow("is not RabbitMQ's management API");
    await expect(api.vhost('/')).rejects.toThrow("is not RabbitMQ's management API");
    if (body !== '[]') await expect(api.nodes()).rejects.toThrow("is not RabbitMQ's management API");
  },
);

/** A broker of so many connections, in pages as the API cuts them; `shrinks` after the first page. */
function brokerOf(count: number, shrinks = false) {
  const asked: string[] = [];
  const url = serve((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://broker');
    asked.push(pathname);
    const answer = (status: number, body: unknown) => void response.writeHead(status).end(JSON.stringify(body));
    if (pathname === '/api/whoami') return answer(200, { name: 'user', tags: 'monitoring,policymaker' }); // before 3.9
    if (pathname.startsWith('/api/consumers')) return answer(200, [{ queue: { name: 'q' } }, {}]);
    if (pathname.startsWith('/api/queues')) return answer(200, { page_count: 1, items: [{ name: 'q' }] });
    const page = Number(searchParams.get('page'));
    if (shrinks && page > 1) return answer(400, { error: 'page_out_of_range', reason: 'Page out of range, page: 2' });
    const items = Array.from({ length: Math.min(500, count - (page - 1) * 500) }, (_, i) => ({
      name: `c${(page - 1) * 500 + i}`,
      vhost: i % 2 === 0 ? '/' : 'other',
    }));
    answer(200, { page_count: Math.ceil(count / 500), items });
  });
  return { url, asked };
}

test('connections are read page by page, and of the wanted vhosts only', async () => {
  const { url, asked } = brokerOf(1_200);
  const { connections, consumers, queues } = await readBrokerSnapshot(open(await url), ['/']);
  expect(asked.filter((path) => path === '/api/connections')).toHaveLength(3);
  expect(connections).toHaveLength(600);
  expect(connections[0]).toEqual({ name: 'c0', peerHost: '', connectionName: '', connectedAtMs: 0 });
  expect({ consumers, queues }).toEqual({ consumers: [], queues: ['q'] });
});

test('a list that becomes shorter while it is read ends where it ends', async () => {
  const { connections } = await readBrokerSnapshot(open(await brokerOf(1_200, true).url), ['/']);
  expect(connections).toHaveLength(250);
});

test('without the tag that shows them all, no connections are better than some', async () => {
  const url = await serve((_, response) => void response.end('{"name":"user","tags":["management"]}'));
  await expect(readBrokerSnapshot(open(url), ['/'])).rejects.toThrow('needs the tag monitoring');
});
