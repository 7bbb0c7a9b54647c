/** Who may ask. */
import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { Access, isForeign, type Login } from '../../../src/query/access.ts';

const OWN = 'own-token';
const LOGIN: Login = { user: 'grafana', password: 'pass:wörd', token: 'a-token' };

function request(headers: Record<string, string>): IncomingMessage {
  return { headers } as unknown as IncomingMessage;
}

function check(login: Login, headers: Record<string, string>, query = '') {
  return new Access(login, OWN).check(request(headers), new URL(`http://localhost/?${query}`));
}

function basic(text: string) {
  return { authorization: `Basic ${Buffer.from(text).toString('base64')}` };
}

test.each([
  ['Basic', basic('grafana:pass:wörd'), ''],
  ['headers', { 'x-clickhouse-user': 'grafana', 'x-clickhouse-key': 'pass:wörd' }, ''],
  ['URL', {}, 'user=grafana&password=pass%3Aw%C3%B6rd'],
  ['Bearer', { authorization: 'Bearer a-token' }, ''],
])('the right login comes in: %s', async (_, headers, query) => {
  expect(await check(LOGIN, headers, query)).toBe('client');
});

test('the token in oslotap.json is known as the owner’s, with a password set and without', async () => {
  expect(await check(LOGIN, { authorization: `Bearer ${OWN}` })).toBe('owner');
  expect(await check({}, { authorization: `bearer ${OWN}` })).toBe('owner');
  expect(await check({}, basic('anybody:anything'))).toBe('client');
});

test.each([
  ['another password', basic('grafana:x'), ''],
  ['another user', basic('root:pass:wörd'), ''],
  ['the token as a password', basic('grafana:a-token'), ''],
  ['another token', { authorization: 'Bearer x' }, ''],
  ['nothing behind Bearer', { authorization: 'Bearer ' }, ''],
])('a wrong login does not: %s', async (_, headers, query) => {
  expect(await check(LOGIN, headers, query)).toMatchObject({ name: 'AUTHENTICATION_FAILED' });
});

test('none at all is asked for one', async () => {
  expect(await check(LOGIN, {})).toMatchObject({ name: 'REQUIRED_PASSWORD' });
});

test('many wrong ones at once are not even weighed', async () => {
  const access = new Access(LOGIN, OWN);
  const guesses = Array.from({ length: 20 }, () => access.check(request(basic('grafana:x')), new URL('http://localhost/')));
  const first = await Promise.race(guesses);
  expect(first).toMatchObject({ message: expect.stringContaining('too many') });
  expect(await access.check(request(basic('grafana:pass:wörd')), new URL('http://localhost/'))).toBe('client');
  await Promise.all(guesses);
});

test.each(['localhost', 'localhost:8124', '127.0.0.1:8124', '[::1]:8124', '10.0.0.7'])('answers to %s', (host) => {
  expect(isForeign(request({ host }), '127.0.0.1')).toBe(false);
});

test('beyond loopback, where it wants a password, it answers to any name', () => {
  expect(isForeign(request({ host: 'oslotap.monitoring.svc:8124' }), '0.0.0.0')).toBe(false);
});

test.each([
  { host: 'evil.example' },
  { host: 'localhost.evil.example' },
  { host: '' },
  { host: 'localhost', origin: 'https://evil.example' },
  { host: 'localhost', 'sec-fetch-site': 'cross-site' },
])('not to a page that somebody looks at: %j', (headers) => {
  expect(isForeign(request(headers), '127.0.0.1')).toBe(true);
});
