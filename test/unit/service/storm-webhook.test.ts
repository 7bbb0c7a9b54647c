/** What a webhook is told, against real HTTP servers of every kind: those that work, fail, hang, lie, and never stop talking. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { Misuse } from '../../../src/errors.ts';
import { StormNews } from '../../../src/service/storm-news.ts';
import type { StormNotice } from '../../../src/service/storm-shape.ts';
import { StormWebhook } from '../../../src/service/storm-webhook.ts';
import { type StormWebhookOptions, webhookTarget } from '../../../src/service/storm-webhook-request.ts';
import type { Storm } from '../../../src/storm.ts';
import { ROOT, scratch } from '../../support/cli.ts';
import { keptLog } from '../../support/otlp-spans.ts';
import { stormOf } from '../../support/storms.ts';
import { bodyOf, serve } from '../management/server.ts';

const TOKEN = 's3cr3t-token';
const PATH = '/services/s3cr3t-path?key=s3cr3t-key';
/** Where a test does not wait for it to pass. Milliseconds. */
const LONG_MS = 60_000;

/** One that lasts, unless it is told otherwise. */
const storm = (given: Partial<Storm> = {}) => stormOf({ isOpen: true, ...given });

afterEach(() => void vi.useRealTimers());

function webhook(url: string, given: Partial<StormWebhookOptions> = {}) {
  const { log, lines } = keptLog();
  const options = { url, token: TOKEN, caFile: null, timeoutMs: LONG_MS, version: '1.2.3', ...given };
  const hook = new StormWebhook(options, log);
  onTestFinished(() => hook.close(0));
  return { hook, log, lines };
}

type Handle = (request: IncomingMessage, response: ServerResponse, nth: number) => void;

/** A receiver, which keeps what it got. */
async function receiver(handle: Handle) {
  const requests: { readonly url: string; readonly headers: IncomingMessage['headers']; readonly notice: StormNotice }[] = [];
  const base = await serve((request, response) => {
    void bodyOf(request).then((notice) => {
      requests.push({ url: request.url ?? '', headers: request.headers, notice: notice as StormNotice });
      handle(request, response, requests.length);
    });
  });
  const { origin } = new URL(base);
  return { url: `${origin}${PATH}`, origin, requests };
}

const answers =
  (...statuses: readonly number[]): Handle =>
  (_, response, nth) =>
    void response.writeHead(statuses[Math.min(nth, statuses.length) - 1] ?? 200).end('ok');

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await setImmediate();
}

/** Its pauses pass at once; the sockets' own time is real. */
function skipPauses() {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  return async (isSo: () => boolean) => {
    while (!isSo()) {
      await setImmediate();
      await vi.runOnlyPendingTimersAsync();
    }
  };
}

function idle({ tally, waiting }: StormWebhook, count: number): boolean {
  return waiting === 0 && tally.delivered + tally.failed + tally.dropped === count;
}

describe('a receiver that works', () => {
  test('is told of the begin and of the end, in their order, and of nothing between', async () => {
    const { url, requests } = await receiver(answers(200));
    const { hook, log, lines } = webhook(url);
    const news = new StormNews(log, hook);
    for (const isOpen of [true, true, true, false]) news.take([storm({ isOpen })]);
    await until(() => idle(hook, 2));
    expect(requests.map(({ notice }) => notice.event)).toEqual(['begin', 'end']);
    expect(hook.tally).toEqual({ delivered: 2, failed: 0, dropped: 0 });
    expect(lines.map(({ event }) => event)).toEqual(['storm_began', 'storm_ended']);
  });

  test('gets JSON with the token, and all that is known of the storm', async () => {
    const { url, requests } = await receiver(answers(204));
    const { hook } = webhook(url);
    hook.tell('begin', storm());
    hook.tell('end', storm({ isOpen: false }));
    await until(() => idle(hook, 2));
    const [first, second] = requests;
    expect(first).toMatchObject({
      url: PATH,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}`, 'user-agent': 'oslotap' },
      notice: {
        event: 'begin',
        oslotap: { version: '1.2.3' },
        storm: {
          id: '4f1d00c0ffee0123',
          since: '2026-11-22T12:00:00.123Z',
          detected_at: '2026-11-22T12:00:04.123Z',
          until: null,
          method: 'object_class_action_versions',
          senders_count: 200,
          peak_per_second: 523.5,
          trigger: { kind: 'restarts', trace_id: null, count: 200 },
          queue_wait_seconds: { usual: 0.0002, during: 3.2105 },
          failed_share: { usual: 0, during: 0.125 },
          messages_per_request: { usual: null, during: null },
        },
      },
    });
    expect(first?.notice.storm.senders).toHaveLength(2);
    expect(first?.notice.storm.methods.map(({ method }) => method)).toEqual(['object_class_action_versions', 'report_state']);
    expect(second?.notice.storm.until).toBe('2026-11-22T12:01:30.123Z');
  });

  test('gets no token where there is none', async () => {
    const { url, requests } = await receiver(answers(200));
    const { hook } = webhook(url, { token: null });
    hook.tell('begin', storm());
    await until(() => idle(hook, 1));
    expect(requests[0]?.headers).not.toHaveProperty('authorization');
  });

  test('may take its time, and may send without end: only its status counts', async () => {
    let sentBytes = 0;
    const gone = Promise.withResolvers<void>();
    const { url } = await receiver((_, response) => {
      response.once('close', gone.resolve).writeHead(200);
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(64 * 1024))) sentBytes += 64 * 1024;
        response.once('drain', more);
      };
      setTimeout(more, 50);
    });
    const { hook } = webhook(url);
    hook.tell('begin', storm());
    await until(() => idle(hook, 1));
    expect(hook.tally.delivered).toBe(1);
    await gone.promise;
    expect(sentBytes).toBeLessThan(32 * 1024 * 1024); // what the sockets between them hold
  });

  test('may leave its answer open: the end does not wait for it', async () => {
    const { url } = await receiver((_, response) => void response.writeHead(200).write('…'));
    const { hook } = webhook(url);
    hook.tell('begin', storm());
    await hook.close();
    expect(hook.tally).toEqual({ delivered: 1, failed: 0, dropped: 0 });
  });

  test('may speak TLS with a certificate of an authority of its own', async () => {
    const folder = join(scratch(), 'certificates');
    const made = spawnSync(
      'python3',
      ['-c', 'import certificates, json, sys; print(json.dumps(certificates.make(sys.argv[1])))', folder],
      { cwd: join(ROOT, 'test/support'), encoding: 'utf8' },
    );
    const files = JSON.parse(made.stdout) as { readonly ca: string; readonly server_cert: string; readonly server_key: string };
    const server = createServer({ cert: readFileSync(files.server_cert), key: readFileSync(files.server_key) }, (_, response) =>
      response.end(),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const url = `https://localhost:${(server.address() as AddressInfo).port}/`;
    const trusting = webhook(url, { caFile: files.ca }).hook;
    trusting.tell('begin', storm());
    await until(() => idle(trusting, 1));
    expect(trusting.tally.delivered).toBe(1);

    const passing = skipPauses();
    const { hook: wary, lines } = webhook(url);
    wary.tell('begin', storm());
    await passing(() => idle(wary, 1));
    expect(wary.tally.failed).toBe(1);
    expect(lines.map(({ text }) => text).join()).toMatch(/UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN/);
  });
});

describe('a receiver that fails', () => {
  test.each([[500], [503], [429]])('with %d is tried again until it works', async (status) => {
    const passing = skipPauses();
    const { url, requests } = await receiver(answers(status, status, 200));
    const { hook, lines } = webhook(url);
    hook.tell('begin', storm());
    await passing(() => idle(hook, 1));
    expect([requests.length, hook.tally.delivered, lines]).toEqual([3, 1, []]);
    expect(requests[2]?.notice).toEqual(requests[0]?.notice);
  });

  test.each([[400], [401], [404], [410], [302]])('with %d is not tried again, and the next notice is', async (status) => {
    const { url, requests } = await receiver((request, response, nth) =>
      nth === 1 ? void response.writeHead(status, { location: '/elsewhere' }).end() : answers(200)(request, response, nth),
    );
    const { hook, lines } = webhook(url);
    hook.tell('begin', storm());
    hook.tell('end', storm({ isOpen: false }));
    await until(() => idle(hook, 2));
    expect(requests.map((request) => [request.url, request.notice.event])).toEqual([
      [PATH, 'begin'],
      [PATH, 'end'],
    ]);
    expect(hook.tally).toEqual({ delivered: 1, failed: 1, dropped: 0 });
    expect(lines.map(({ text }) => text)).toEqual([
      expect.stringMatching(new RegExp(`was not told of the begin of a storm: it answered ${status}, after 1 attempt `)),
    ]);
  });

  test('is given up after six attempts, with pauses that grow', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    vi.spyOn(Math, 'random').mockReturnValue(1);
    onTestFinished(() => void vi.restoreAllMocks());
    const { url, requests } = await receiver(answers(500));
    const { hook, lines } = webhook(url);
    hook.tell('begin', storm());
    for (const pauseMs of [1_000, 2_000, 4_000, 8_000, 16_000]) {
      await until(() => vi.getTimerCount() === 1);
      const before = requests.length;
      await vi.advanceTimersByTimeAsync(pauseMs - 1);
      expect(vi.getTimerCount()).toBe(1);
      await vi.advanceTimersByTimeAsync(1);
      await until(() => requests.length === before + 1);
    }
    await until(() => idle(hook, 1));
    expect([requests.length, hook.tally]).toEqual([6, { delivered: 0, failed: 1, dropped: 0 }]);
    expect(lines.map(({ event }) => event)).toEqual(['storm_webhook_failed']);
  });

  test('and says when to come back is not asked before, but after half a minute at the latest', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { url, requests } = await receiver((_, response, nth) => {
      const wait = ['20', '99999', 'Sun, 22 Nov 2026 12:00:00 GMT'][nth - 1] ?? '0';
      response.writeHead(429, { 'retry-after': wait }).end();
    });
    const { hook } = webhook(url);
    hook.tell('begin', storm());
    for (const [nth, waitMs] of [20_000, 30_000].entries()) {
      await until(() => vi.getTimerCount() === 1);
      await vi.advanceTimersByTimeAsync(waitMs - 1);
      expect([requests.length, vi.getTimerCount()]).toEqual([nth + 1, 1]);
      await vi.advanceTimersByTimeAsync(1);
      await until(() => requests.length === nth + 2);
    }
    await until(() => vi.getTimerCount() === 1);
    await vi.advanceTimersByTimeAsync(4_000);
    await until(() => requests.length === 4);
  });

  test('by not answering is left after the time-out', async () => {
    const passing = skipPauses();
    const { url, requests } = await receiver((request, response, nth) => {
      if (nth > 1) answers(200)(request, response, nth);
    });
    const { hook } = webhook(url, { timeoutMs: 100 });
    hook.tell('begin', storm());
    await passing(() => idle(hook, 1));
    expect([requests.length, hook.tally.delivered]).toEqual([2, 1]);
  });

  test('by not being there, or by speaking no HTTP, is told in one line without its path', async () => {
    const passing = skipPauses();
    const babble = (await import('node:net')).createServer((socket) => void socket.end('s3cr3t 220 hello\r\n'));
    await new Promise<void>((resolve) => babble.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void babble.close());
    const ports = [1, (babble.address() as AddressInfo).port];
    for (const port of ports) {
      const { hook, lines } = webhook(`http://127.0.0.1:${port}${PATH}`);
      hook.tell('begin', storm());
      await passing(() => idle(hook, 1));
      expect(hook.tally.failed).toBe(1);
      expect(lines.map(({ text }) => text)).toEqual([expect.stringMatching(/storm: (ECONNREFUSED|HPE_\w+), after 6 attempts /)]);
    }
  });
});

describe('a bound', () => {
  test('sixteen wait; the oldest goes for the newest, and is counted', async () => {
    let release = () => {};
    const { url, requests } = await receiver((request, response, nth) => {
      if (nth > 1) answers(200)(request, response, nth);
      else release = () => answers(200)(request, response, nth);
    });
    const { hook, lines } = webhook(url);
    for (let nth = 0; nth < 20; nth++) hook.tell('begin', storm({ id: String(nth) }));
    expect([hook.waiting, hook.tally.dropped]).toEqual([16, 3]);
    await until(() => requests.length === 1);
    release();
    await until(() => idle(hook, 20));
    expect(requests.map(({ notice }) => Number(notice.storm.id))).toEqual([0, ...Array.from({ length: 16 }, (_, at) => at + 4)]);
    expect(lines.at(-1)?.text).toContain('the oldest notice was dropped, 3 so far');
  });
});

describe('the end', () => {
  test('sends what waits, and takes no more', async () => {
    const { url, requests } = await receiver(answers(200));
    const { hook } = webhook(url);
    for (const id of ['a', 'b', 'c']) hook.tell('begin', storm({ id }));
    await hook.close();
    hook.tell('begin', storm({ id: 'd' }));
    expect([requests.length, hook.tally]).toEqual([3, { delivered: 3, failed: 0, dropped: 1 }]);
  });

  test('waits for nobody who hangs', async () => {
    const { url } = await receiver(() => {});
    const { hook } = webhook(url);
    for (const id of ['a', 'b', 'c']) hook.tell('begin', storm({ id }));
    await hook.close(50);
    expect(hook.tally).toEqual({ delivered: 0, failed: 0, dropped: 3 });
  });

  test('cuts a pause short: one more attempt, and then no more', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { url, requests } = await receiver((_, response) => void response.writeHead(429, { 'retry-after': '30' }).end());
    const { hook } = webhook(url);
    for (const id of ['a', 'b', 'c']) hook.tell('begin', storm({ id }));
    await until(() => vi.getTimerCount() === 1);
    await hook.close();
    expect(requests.map(({ notice }) => notice.storm.id)).toEqual(['a', 'a']);
    expect(hook.tally).toEqual({ delivered: 0, failed: 0, dropped: 3 });
  });
});

test('no line of the log and no figure has the token, the path or the query', async () => {
  const passing = skipPauses();
  const { url } = await receiver((request, response, nth) => {
    const echo = { 'x-echo': `${request.headers.authorization} ${request.url}`, location: request.url ?? '' };
    response.writeHead([500, 302, 404, 401][nth % 4] ?? 500, echo).end(JSON.stringify(echo));
  });
  const { hook, lines } = webhook(url);
  for (let nth = 0; nth < 20; nth++) hook.tell('begin', storm({ id: String(nth) }));
  await passing(() => idle(hook, 20));
  expect(lines.length).toBeGreaterThan(10);
  expect(JSON.stringify([lines, hook.tally])).not.toContain('s3cr3t');
});

test.each([
  ['a URL that is none', { url: 's3cr3t' }, 'storms.webhook.url is not an http or https URL'],
  ['a token that no header may hold', { token: 's3cr3t\u2028' }, 'storms.webhook.token: it holds what no header may'],
  ['an authority that is not there', { caFile: '/nowhere/ca.pem' }, 'storms.webhook.ca: ENOENT'],
  ['an authority that is none', { caFile: join(ROOT, 'package.json') }, 'storms.webhook.ca: there is no certificate in it'],
])('%s is a mistake in one line, before any connection', (_, given, words) => {
  const options = { url: 'http://127.0.0.1:1/', token: null, caFile: null, timeoutMs: 1_000, ...given };
  expect(() => webhookTarget(options)).toThrow(Misuse);
  expect(() => webhookTarget(options)).toThrow(new RegExp(`^(?!.*s3cr3t).*${words}`));
});

test('the receiver of the examples understands it, and wants the token', async () => {
  const child = spawn('python3', [join(ROOT, 'examples/storm_receiver.py'), '0'], {
    env: { ...process.env, STORM_TOKEN: TOKEN },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill());
  const lines: string[] = [];
  const reader = createInterface(child.stdout).on('line', (line) => void lines.push(line));
  await once(reader, 'line');
  const url = `http://127.0.0.1:${lines[0]?.replace('listening on ', '')}/`;
  const [stranger, known] = [webhook(url, { token: 'wrong' }).hook, webhook(url).hook];
  stranger.tell('begin', storm());
  known.tell('begin', storm());
  known.tell('end', storm({ isOpen: false }));
  await until(() => idle(stranger, 1) && idle(known, 2) && lines.length === 3);
  expect([stranger.tally.failed, known.tally.delivered]).toEqual([1, 2]);
  expect(lines.slice(1)).toEqual([
    'begin  2026-11-22T12:00:00.123Z  object_class_action_versions to conductor: 523.5/s, usually 12/s, 200 senders ' +
      '(nova-compute@cmp17, neutron-linuxbridge-agent@cmp3); 200 processes of nova-compute on 200 hosts were started',
    'end    2026-11-22T12:01:30.123Z  object_class_action_versions to conductor: 10000 messages since 2026-11-22T12:00:00.123Z',
  ]);
});
