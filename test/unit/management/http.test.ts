import { expect, onTestFinished, test } from 'vitest';
import { ApiError } from '../../../collectors/management/api-error.ts';
import { JsonHttp } from '../../../collectors/management/http.ts';
import { serve } from './server.ts';

function open(url: string, timeoutMs = 2_000): JsonHttp {
  const http = new JsonHttp(url, { timeoutMs });
  onTestFinished(() => http.close());
  return http;
}

async function problemOf(asked: Promise<unknown>): Promise<{ problem: string; isRetryable: boolean }> {
  const error = await asked.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ApiError)) throw new Error(`no ApiError: ${error}`);
  expect(error.message).not.toMatch(/\n|secret/);
  return { problem: error.problem, isRetryable: error.isRetryable };
}

test('the user and the password are decoded, sent, and not shown', async () => {
  let authorization = '';
  const url = await serve((request, response) => {
    authorization = request.headers.authorization ?? '';
    response.end('{}');
  });
  const http = open(`${url}/prefix/`);
  await http.get('/api/overview', 'its overview');
  expect(Buffer.from(authorization.replace('Basic ', ''), 'base64').toString()).toBe('user:top secret');
  expect(http.at).toBe(`${url.replace('user:top%20secret@', '')}/prefix`);
});

test.each([
  ['not a URL at all', 'not a URL'],
  ['amqp://user:secret@host', 'http or https'],
  ['http://host:15672', 'names no user'],
  ['http://user:100%secret@host:15672', '%25'],
])('%s is refused in one line that does not repeat it', (url, line) => {
  expect(() => new JsonHttp(url)).toThrow(line);
  expect(() => new JsonHttp(url)).not.toThrow('secret');
});

test.each([{ cert: 'none', key: 'none' }, { ca: 'none' }])(
  'files that hold no certificate are refused before anything is asked',
  (files) => {
    expect(() => new JsonHttp('https://user:secret@host', files)).toThrow(
      /the certificates or the key for https:\/\/host cannot/,
    );
  },
);

test('whoever does not answer is given up', async () => {
  const url = await serve(() => {});
  expect(await problemOf(open(url, 100).get('/', 'it'))).toEqual({ problem: 'timed_out', isRetryable: true });
});

test('whoever begins to answer and does not end is given up at the same time', async () => {
  const url = await serve((_, response) => void response.write('['));
  expect(await problemOf(open(url, 100).get('/', 'it'))).toEqual({ problem: 'timed_out', isRetryable: true });
});

test('an answer of any size does not fill the memory', async () => {
  const url = await serve((_, response) => void response.end(Buffer.alloc(33 * 1024 * 1024)));
  expect(await problemOf(open(url, 20_000).get('/', 'it'))).toEqual({ problem: 'too_large', isRetryable: false });
});

test('a connection that was closed while it was idle is opened again, once', async () => {
  const seen = new WeakSet<object>();
  let requests = 0;
  const url = await serve((request, response) => {
    requests++;
    if (seen.has(request.socket)) request.socket.destroy();
    else response.end('[1]');
    seen.add(request.socket);
  });
  const http = open(url);
  await http.get('/', 'it');
  expect(await http.get('/', 'it')).toEqual([1]);
  expect(requests).toBe(3);
});

test('a connection that is closed in the middle of an answer is out of reach', async () => {
  const url = await serve((_, response) => {
    response.write('[', () => response.destroy());
  });
  expect(await problemOf(open(url).get('/', 'it'))).toEqual({ problem: 'unreachable', isRetryable: true });
});

test.each([
  [200, '<html>', 'not_an_api'],
  [301, '', 'not_an_api'],
  [404, '<html>', 'not_an_api'],
  [404, '{"error":"Object Not Found","reason":"Not Found"}', 'not_there'],
  [401, '{"error":"not_authorized","reason":"Login failed"}', 'wrong_password'],
  [401, '{"error":"not_authorised","reason":"User can only log in via localhost"}', 'wrong_password'],
  [401, '{"error":"not_authorised","reason":"Not administrator user"}', 'missing_tag'],
  [403, '{"error":"not_authorised","reason":"Not monitor user"}', 'missing_tag'],
  [401, '{"error":"not_authorised","reason":"User not authorised to access virtual host"}', 'no_vhost_access'],
  [500, '{"error":"internal","reason":"line\\nbreak"}', 'refused'],
  [503, '{"error":["odd"],"reason":{}}', 'not_an_api'],
])('%i %s is %s', async (status, body, problem) => {
  const url = await serve((_, response) => void response.writeHead(status).end(body));
  expect(await problemOf(open(url).get('/', 'it'))).toEqual({ problem, isRetryable: false });
});
