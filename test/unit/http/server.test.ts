import { createServer } from 'node:http';
import { connect } from 'node:net';
import { hostname } from 'node:os';
import { expect, onTestFinished, test } from 'vitest';
import { Misuse } from '../../../src/errors.ts';
import type { ListenAt } from '../../../src/http/listener.ts';
import { HttpServer, line, type Routes } from '../../../src/http/server.ts';
import type { Log } from '../../../src/log.ts';
import { ATTACK_NAMES, hammer } from '../../support/http-hammer.ts';

const ANY: ListenAt = { host: '127.0.0.1', port: 0, isGiven: true };

async function serve(routes: Routes, at = ANY) {
  const told: string[] = [];
  const tell = (event: string, text: string) => told.push(`${event} ${text}`);
  const log: Log = { info: tell, warn: tell, error: tell };
  const server = new HttpServer(routes, log);
  const { url, port, isElsewhere } = await server.start(at);
  onTestFinished(() => server.stop());
  return { server, url, port, isElsewhere, told };
}

/** One request as it stands. @returns the whole answer. */
function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.setEncoding('latin1').on('data', (part) => {
      answer += part;
    });
    socket.on('error', () => {});
    socket.once('close', () => resolve(answer));
  });
}

const askAs = (port: number, host: string) => raw(port, `GET /a HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);

test('GET and HEAD of a route are answered, with headers that keep browsers and caches from more', async () => {
  const { url } = await serve({ '/a': () => line(200, 'well') });
  const got = await fetch(`${url}/a?b=c`);
  expect([got.status, await got.text()]).toEqual([200, 'well\n']);
  expect(got.headers.get('cache-control')).toBe('no-store');
  expect(got.headers.get('x-content-type-options')).toBe('nosniff');
  expect(got.headers.get('access-control-allow-origin')).toBe(null);
  const head = await fetch(`${url}/a`, { method: 'HEAD' });
  expect([head.headers.get('content-length'), await head.text()]).toEqual(['5', '']);
});

test('what is no route is 404, another method 405, a body 413, each in one line', async () => {
  const { url, server } = await serve({ '/a': () => line(200, 'well') });
  const answers = [fetch(`${url}/b`), fetch(`${url}/a`, { method: 'POST' }), fetch(`${url}/__proto__`)];
  const got = await Promise.all(answers.map(async (answer) => [(await answer).status, await (await answer).text()]));
  expect(got).toEqual([
    [404, 'there are /a\n'],
    [405, 'GET or HEAD\n'],
    [404, 'there are /a\n'],
  ]);
  expect(await raw(Number(new URL(url).port), 'GET /a HTTP/1.1\r\nHost: a.localhost\r\nContent-Length: 5\r\n\r\nhello')).toMatch(
    /^HTTP\/1.1 413 /,
  );
  expect(Object.fromEntries(server.tally.requests)).toEqual({ 'other 404': 2, '/a 405': 1, '/a 413': 1 });
});

test('a route that throws is 500, its reason in the log and not in the answer', async () => {
  const { url, told } = await serve({
    '/a': () => {
      throw new Error('the secret reason');
    },
  });
  const got = await fetch(`${url}/a`);
  expect([got.status, await got.text()]).toEqual([500, 'it failed: the log says why\n']);
  expect(told.at(-1)).toBe('http_failed /a: the secret reason');
});

test('on loopback a foreign Host is refused: a page in a browser could have pointed its name here', async () => {
  const { port } = await serve({ '/a': () => line(200, 'well') });
  for (const host of ['evil.example', 'evil.example:80', 'localhost.evil.example', '127.0.0.1.evil.example', '[evil]', 'a b']) {
    expect(await askAs(port, host), host).toMatch(/^HTTP\/1.1 40[03] /);
  }
  for (const host of ['127.0.0.1', `127.0.0.1:${port}`, 'localhost:1', '[::1]:9718', '10.0.0.7', hostname()]) {
    expect(await askAs(port, host), host).toMatch(/^HTTP\/1.1 200 /);
  }
  expect(await raw(port, 'GET /a HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1.1 200 /);
});

test('beyond loopback any name will do: Prometheus and Kubernetes come by the names of services', async () => {
  const { port } = await serve({ '/a': () => line(200, 'well') }, { ...ANY, host: '0.0.0.0' });
  expect(await askAs(port, 'oslotap.monitoring.svc')).toMatch(/^HTTP\/1.1 200 /);
});

test('a port that is taken: the default moves to a free one and says so, a chosen one is one line that says what to do', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void other.close());
  const port = (other.address() as { port: number }).port;
  const moved = await serve({}, { host: '127.0.0.1', port, isGiven: false });
  expect(moved.isElsewhere).toBe(true);
  expect(moved.port).not.toBe(port);
  const refused = serve({}, { host: '127.0.0.1', port, isGiven: true });
  await expect(refused).rejects.toThrow(
    `cannot listen on 127.0.0.1:${port}: the port is taken: choose another, or port 0 for any`,
  );
  await expect(refused).rejects.toBeInstanceOf(Misuse);
  await expect(serve({}, { host: '192.0.2.1', port: 0, isGiven: true })).rejects.toThrow(/does not have that address$/);
});

test('silent connections keep nobody out: the oldest has to go', async () => {
  const { url, port, server } = await serve({ '/a': () => line(200, 'well') });
  const silent = Array.from({ length: 600 }, () => connect(port, '127.0.0.1').on('error', () => {}));
  onTestFinished(() => {
    for (const socket of silent) socket.destroy();
  });
  await Promise.all(silent.map((socket) => new Promise((resolve) => socket.once('connect', resolve).once('close', resolve))));
  expect((await fetch(`${url}/a`)).status).toBe(200);
  expect(server.tally.connections).toBeGreaterThanOrEqual(600 - 256);
});

test('whoever sends requests and reads no answers is cut off', async () => {
  const { port, server } = await serve({ '/a': () => new Promise((resolve) => setTimeout(resolve, 50, line(200, 'well'))) });
  const answer = await raw(port, 'GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(100));
  expect(answer.split('HTTP/1.1 200').length - 1).toBeLessThan(10);
  expect(server.tally.malformed).toBeGreaterThan(0);
});

test('hammered with all that a client may send, it answers whoever is decent', { timeout: 120_000 }, async () => {
  const page = { status: 200, type: 'text/plain', body: Buffer.alloc(500_000, 'a') };
  const { url, port, server } = await serve({ '/a': () => page });
  const before = process.memoryUsage().rss;
  const count = 80 * ATTACK_NAMES.length;
  const result = await hammer({ host: '127.0.0.1', port, path: '/a', count, together: 400 });
  expect(result.sent).toBe(count);
  expect(result.answers['500']).toBe(undefined);
  expect(result.decentAnswered).toBeGreaterThan(result.decent / 2);
  expect(server.tally.malformed).toBeGreaterThan(count / 10);
  expect(process.memoryUsage().rss - before).toBeLessThan(300e6);
  expect((await fetch(`${url}/a`)).status).toBe(200);
});
