/**
 * `oslotap run` beside a real RabbitMQ under a load whose every message is known: what was published is in the store, once,
 * whatever happens to the sidecar, the connection or the broker; and what was not seen is said.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'amqplib';
import { expect, test } from 'vitest';
import { describeWithBroker } from '../support/broker.ts';
import { oslotap, scratch, startOslotap } from '../support/cli.ts';
import { rollUpDifferences, withStore } from '../support/figures.ts';
import { runLoad } from '../support/rpc-load.ts';
import { ask, differences, NO_DIFFERENCE, Sidecar, storedMessages, truthOf, until } from '../support/sidecar.ts';

const LONG = { timeout: 120_000 };

await describeWithBroker('a live tap', { tls: true }, (broker) => {
  const api = broker.api.replace('://', `://${broker.user}:${broker.password}@`);
  const env = { OSLOTAP_AMQP: broker.amqp, OSLOTAP_API: api };
  const queues = async () => ((await broker.manage('GET', '/api/queues')) as { name: string }[]).map(({ name }) => name);
  const isTracing = async () => ((await broker.manage('GET', '/api/vhosts/%2F')) as { tracing: boolean }).tracing;
  const place = () => {
    const folder = scratch();
    return { store: `chdb:${join(folder, 'data')}`, truth: join(folder, 'truth.ndjson') };
  };

  test('sees every RPC once, killed five times with -9 in between; and leaves the broker as it was', LONG, async () => {
    const { store, truth } = place();
    expect(await isTracing()).toBe(false);
    let sidecar = await Sidecar.start(['--arm', '--store', store], env);
    await until(isTracing, () => 'the firehose was not switched on');
    const load = runLoad({ amqp: broker.amqp, rate: 150, seconds: 12, truth });
    for (let kills = 0; kills < 5; kills++) {
      await new Promise((resolve) => setTimeout(resolve, 100 + 240 * kills));
      await sidecar.kill();
      sidecar = await Sidecar.start(['--arm', '--store', store], env);
    }
    const { events } = await load;
    expect(await sidecar.stop()).toBe(0);
    expect(await differences(store, truth)).toEqual(NO_DIFFERENCE);
    const [sums] = await ask<{ seen: number; coverage: number }>(
      store,
      'SELECT sum(seen) AS seen, min(coverage) AS coverage FROM oslo_coverage',
    );
    expect(sums).toEqual({ seen: events, coverage: 1 });
    expect(await withStore(store.replace('chdb:', ''), rollUpDifferences)).toEqual([]);
    const outcomes = new Map(truthOf(truth).map(({ unique_id, outcome }) => [unique_id, outcome]));
    const wrong = storedMessages(store).filter(({ unique_id, status }) => status !== outcomes.get(unique_id));
    expect(wrong).toEqual([]);
    // Nothing stays behind.
    expect((await queues()).filter((name) => name.startsWith('oslotap.'))).toEqual([]);
    expect(await isTracing()).toBe(false);
  });

  test(
    'a broker that restarts makes a gap: shown from when to when, with a coverage below 1, and exact outside',
    LONG,
    async () => {
      const { store, truth } = place();
      const sidecar = await Sidecar.start(['--arm', '--store', store], env);
      await until(isTracing, () => 'the firehose was not switched on');
      const before = await runLoad({ amqp: broker.amqp, rate: 100, seconds: 3, truth });
      await broker.restart();
      await sidecar.says(/connection lost/);
      await until(
        () => (sidecar.log.match(/connected to/g) ?? []).length === 2,
        () => sidecar.log,
      );
      await until(isTracing, () => `the firehose was not switched on again: ${sidecar.log}`);
      const after = join(scratch(), 'after.ndjson');
      const { events } = await runLoad({ amqp: broker.amqp, rate: 100, seconds: 3, truth: after });
      expect(await sidecar.stop()).toBe(0);
      const stored = new Set(storedMessages(store).map(({ unique_id }) => unique_id));
      const sent = [...truthOf(truth), ...truthOf(after)].map(({ unique_id }) => unique_id);
      expect(sent.filter((id) => !stored.has(id))).toEqual([]);
      expect(stored.size).toBe(sent.length);
      const { stdout } = oslotap(['report', '--format', 'json', '--store', store]);
      const { gaps, coverage } = JSON.parse(stdout) as {
        coverage: number;
        gaps: { reason: string; duration_s: number; lost_estimate: number; is_open: boolean }[];
      };
      expect(gaps.map(({ reason }) => reason)).toContain('disconnected');
      expect(gaps.every(({ is_open }) => !is_open)).toBe(true);
      expect(gaps.find(({ reason }) => reason === 'disconnected')?.duration_s).toBeGreaterThan(1);
      expect(coverage).toBeLessThan(1);
      expect(coverage).toBeGreaterThan((before.events + events) / (before.events + events) / 20);
    },
  );

  test('open calls never stall the tap: 600 wait for their replies, 50 messages are on their way', LONG, async () => {
    const { store, truth } = place();
    await broker.ctl('trace_on');
    const sidecar = await Sidecar.start(['--prefetch', '50', '--store', store], env);
    const { missing } = await runLoad({ amqp: broker.amqp, rate: 200, count: 600, replyDelayMs: 6_000, truth });
    expect(missing).toBe(0);
    await sidecar.stop();
    expect(await differences(store, truth)).toEqual(NO_DIFFERENCE);
    expect(new Set(storedMessages(store).map(({ kind, status }) => `${kind} ${status}`))).not.toContain('call open');
  });

  test('without acknowledgements nothing is missing either, as long as nothing is killed', LONG, async () => {
    const { store, truth } = place();
    await broker.ctl('trace_on');
    const sidecar = await Sidecar.start(['--prefetch', '0', '--store', store], env);
    await runLoad({ amqp: broker.amqp, rate: 200, seconds: 3, truth });
    await sidecar.stop();
    expect(await differences(store, truth)).toEqual(NO_DIFFERENCE);
  });

  test('while nobody is there the queue holds what comes, and what it drops is counted', LONG, async () => {
    const { store, truth } = place();
    await broker.ctl('trace_on');
    const bounds = ['--queue-length', '300', '--store', store];
    const first = await Sidecar.start(bounds, env);
    await runLoad({ amqp: broker.amqp, rate: 100, count: 50, casts: 0, fanouts: 0, notifications: 0, truth: `${truth}.0` });
    await first.kill();
    const { events } = await runLoad({ amqp: broker.amqp, rate: 100, count: 200, truth });
    expect(events).toBeGreaterThan(600);
    const second = await Sidecar.start(bounds, env);
    await second.says(/overflowed/);
    await second.stop();
    const [gap] = await ask<{ reason: string; lost_min: number; lost_estimate: number }>(
      store,
      'SELECT reason, lost_min, lost_estimate FROM oslo_gaps FINAL',
    );
    expect(gap).toMatchObject({ reason: 'overflow' });
    expect(Number(gap?.lost_min)).toBeGreaterThan(0);
  });

  test('another tier takes less, and coverage says so', LONG, async () => {
    const { store, truth } = place();
    await broker.ctl('trace_on');
    const sidecar = await Sidecar.start(['--tier', 'publish', '--store', store], env);
    await runLoad({ amqp: broker.amqp, rate: 100, seconds: 2, truth });
    await sidecar.stop();
    const messages = storedMessages(store);
    expect(messages).toHaveLength(truthOf(truth).length);
    expect(messages.flatMap(({ to }) => to)).toEqual([]);
    expect(new Set(messages.filter(({ kind }) => kind === 'call').map(({ status }) => status))).toEqual(
      new Set(['ok', 'failed']),
    );
    const [row] = await ask<{ reason: string }>(store, 'SELECT reason FROM oslo_gaps FINAL');
    expect(row?.reason).toBe('tier');
  });

  test('a broker in alarm is given less to do, until it is over', LONG, async () => {
    const { store } = place();
    await broker.ctl('trace_on');
    const sidecar = await Sidecar.start(['--calm', '2', '--store', store], env);
    const bindings = async () =>
      ((await broker.manage('GET', '/api/exchanges/%2F/amq.rabbitmq.trace/bindings/source')) as unknown[]).length;
    expect(await bindings()).toBe(2);
    await broker.ctl('set_vm_memory_high_watermark', 'absolute', '40MB');
    try {
      await sidecar.says(/tier full → publish: the broker is in alarm/);
      await until(
        async () => (await bindings()) < 2,
        () => 'deliver.# is still bound',
      );
    } finally {
      await broker.ctl('set_vm_memory_high_watermark', '0.4');
    }
    await sidecar.says(/→ full: all is calm/);
    await until(
      async () => (await bindings()) === 2,
      () => 'deliver.# is not bound again',
    );
    await sidecar.stop();
    const gaps = await ask<{ reason: string; detail: string }>(
      store,
      'SELECT reason, detail FROM oslo_gaps FINAL ORDER BY started_at',
    );
    expect(gaps[0]).toMatchObject({ reason: 'tier', detail: expect.stringContaining('alarm') });
  });

  test('a message that the AMQP library cannot read is passed over, counted, and the rest is there', LONG, async () => {
    const { store, truth } = place();
    await broker.ctl('trace_on');
    const sidecar = await Sidecar.start(['--store', store], env);
    await publishUnreadable(broker.amqp);
    await sidecar.says(/connection lost/);
    await runLoad({ amqp: broker.amqp, rate: 50, seconds: 2, truth });
    await sidecar.says(/cannot read was passed over/);
    await until(
      () => (sidecar.log.match(/connected to/g) ?? []).length >= 3,
      () => sidecar.log,
    );
    await sidecar.stop();
    const wrong = await differences(store, truth);
    expect({ ...wrong, unmatched: 0 }, sidecar.log).toEqual(NO_DIFFERENCE);
    expect(wrong.unmatched).toBeGreaterThan(0);
  });

  test('TLS, with and without a certificate of our own', LONG, async () => {
    const tls = broker.tls as NonNullable<typeof broker.tls>;
    const plain = await Sidecar.start(['--store', 'none', '--ca', tls.ca], { OSLOTAP_AMQP: tls.amqp });
    expect(await plain.stop()).toBe(0);
    const both = await Sidecar.start(['--store', 'none', '--ca', tls.ca, '--cert', tls.cert, '--key', tls.key], {
      OSLOTAP_AMQP: tls.amqpWithCert,
    });
    expect(await both.stop()).toBe(0);
  });

  test('several vhosts are followed by one sidecar', LONG, async () => {
    const [{ store, truth }, other] = [place(), join(scratch(), 'other.ndjson')];
    await broker.ctl('add_vhost', 'cell1');
    await broker.ctl('set_permissions', '-p', 'cell1', broker.user, '.*', '.*', '.*');
    for (const vhost of ['/', 'cell1']) await broker.ctl('trace_on', '-p', vhost);
    const sidecar = await Sidecar.start(['--vhost', '/', 'cell1', '--store', store], env);
    await until(
      () => (sidecar.log.match(/connected to/g) ?? []).length === 2,
      () => sidecar.log,
    );
    await Promise.all([
      runLoad({ amqp: broker.amqp, rate: 50, seconds: 2, truth }),
      runLoad({ amqp: `${broker.amqp}cell1`, rate: 50, seconds: 2, truth: other }),
    ]);
    expect(await sidecar.stop()).toBe(0);
    const rows = await ask<{ vhost: string; messages: number }>(
      store,
      'SELECT vhost, count() AS messages FROM oslo_messages GROUP BY vhost ORDER BY vhost',
    );
    expect(rows).toEqual([
      { vhost: '/', messages: truthOf(truth).length },
      { vhost: 'cell1', messages: truthOf(other).length },
    ]);
  });

  test('without the management API it says what it cannot know, and goes on', LONG, async () => {
    const { store, truth } = place();
    await broker.ctl('trace_on');
    const nowhere = { OSLOTAP_AMQP: broker.amqp, OSLOTAP_API: 'http://a:secret-of-api@127.0.0.1:1' };
    const sidecar = await Sidecar.start(['--store', store], nowhere);
    await runLoad({ amqp: broker.amqp, rate: 50, seconds: 1, truth });
    await sidecar.stop();
    expect(sidecar.log).toMatch(/processes are told from the traffic: http:\/\/127.0.0.1:1 cannot be reached/);
    expect(sidecar.log).not.toContain('secret-of-api');
    expect(await differences(store, truth)).toEqual(NO_DIFFERENCE);
  });

  test('a firehose that is off is told by the traffic alone, and is a gap that a kill does not leave open', LONG, async () => {
    const { store, truth } = place();
    const alone = { OSLOTAP_AMQP: broker.amqp };
    await broker.ctl('trace_off');
    const sidecar = await Sidecar.start(['--store', store], alone);
    await sidecar.says(/the firehose is OFF on the node we are connected to/);
    await broker.ctl('trace_on');
    await sidecar.says(/the firehose is on again/);
    await broker.ctl('trace_off');
    await until(
      () => (sidecar.log.match(/is OFF/g) ?? []).length === 2,
      () => sidecar.log,
    );
    await sidecar.kill();
    const next = await Sidecar.start(['--store', store], alone);
    await broker.ctl('trace_on');
    await runLoad({ amqp: broker.amqp, rate: 50, seconds: 1, truth });
    await next.stop();
    const gaps = await ask<{ reason: string; is_open: boolean }>(store, 'SELECT reason, is_open FROM oslo_gaps FINAL');
    expect(gaps.filter(({ reason }) => reason === 'not_armed').length).toBeGreaterThanOrEqual(1);
    expect(gaps.filter(({ is_open }) => is_open)).toEqual([]);
    expect(await differences(store, truth)).toEqual(NO_DIFFERENCE);
  });

  test('several hosts are tried in turn', LONG, async () => {
    const several = broker.amqp.replace(/@([^/]+)/, '@127.0.0.1:1,$1');
    const sidecar = await Sidecar.start(['--store', 'none'], { OSLOTAP_AMQP: several });
    expect(await sidecar.stop()).toBe(0);
  });

  test('a wrong set-up is one line that says what to do, and exit code 2', LONG, async () => {
    const tls = broker.tls as NonNullable<typeof broker.tls>;
    await broker.ctl('add_user', 'nobody', 'secret-of-nobody');
    await broker.ctl('add_user', 'half', 'secret-of-half');
    await broker.ctl('set_permissions', '-p', '/', 'half', '^oslotap\\.', '^$', '^$');
    const as = (user: string, password: string) => broker.amqp.replace(/\/\/[^@]+@/, `//${user}:${password}@`);
    const refused = (amqp: string, ...args: string[]) => {
      const { code, stderr, stdout } = oslotap(['run', '--store', 'none', ...args], { OSLOTAP_AMQP: amqp });
      expect({ code, stdout, lines: stderr.trimEnd().split('\n').length }, stderr).toEqual({ code: 2, stdout: '', lines: 1 });
      expect(stderr).not.toMatch(/secret-of|wrong-secret/);
      return stderr;
    };
    expect(refused(as('openstack', 'wrong-secret'))).toMatch(/refused user 'openstack'/);
    expect(refused(as('nobody', 'secret-of-nobody'))).toMatch(/'nobody' has no permissions/);
    expect(refused(as('half', 'secret-of-half'))).toMatch(
      /'half' needs permission to write on the queue .* read on the exchange/,
    );
    expect(refused(`${broker.amqp}nowhere`)).toMatch(/no vhost 'nowhere'/);
    expect(refused('amqp://a:b@127.0.0.1:1/')).toMatch(/nobody listens at 127.0.0.1:1/);
    expect(refused('http://127.0.0.1/')).toMatch(/not a broker/);
    expect(refused(tls.amqp)).toMatch(/TLS .* --ca/);
    expect(refused(broker.amqp.replace('amqp:', 'amqps:'), '--ca', tls.ca)).toMatch(/TLS/);
    expect(refused(tls.amqpWithCert, '--ca', tls.ca)).toMatch(/--cert/);
    expect(refused(broker.amqp, '--ca', '/nowhere.pem')).toMatch(/nowhere.pem cannot be read/);
    expect(refused(broker.amqp, '--arm')).toMatch(/--arm needs --api/);
    await broker.ctl('delete_user', 'nobody');
    await broker.ctl('delete_user', 'half');
  });

  test('the permissions that the README lists are enough', LONG, async () => {
    await broker.ctl('add_user', 'tap', 'secret-of-tap');
    await broker.ctl(
      'set_permissions',
      '-p',
      '/',
      'tap',
      '^oslotap\\.',
      '^(oslotap\\..*|amq\\.default)$',
      '^(oslotap\\..*|amq\\.rabbitmq\\.trace)$',
    );
    await broker.ctl('trace_on');
    const { store, truth } = place();
    const sidecar = await Sidecar.start(['--store', store], {
      OSLOTAP_AMQP: broker.amqp.replace(/\/\/[^@]+@/, '//tap:secret-of-tap@'),
    });
    await runLoad({ amqp: broker.amqp, rate: 50, seconds: 2, truth });
    expect(await sidecar.stop()).toBe(0);
    expect(await differences(store, truth)).toEqual(NO_DIFFERENCE);
    await broker.ctl('delete_user', 'tap');
  });

  test('record makes a capture that replays to the same, and holds no secret', LONG, async () => {
    const folder = scratch();
    const [file, truth] = [join(folder, 'live.ndjson.gz'), join(folder, 'truth.ndjson')];
    await broker.ctl('trace_on');
    const [recorded] = await Promise.all([
      new Promise<string>((resolve) => {
        const child = startOslotap(['record', file, '--for', '8s'], env);
        let text = '';
        child.stderr.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        child.once('exit', (code) => resolve(`${code} ${text}`));
      }),
      until(
        async () => (await queues()).some((name) => name.startsWith('oslotap.record')),
        () => 'no queue',
      ).then(() => runLoad({ amqp: broker.amqp, rate: 50, seconds: 3, truth })),
    ]);
    expect(recorded).toMatch(/^0 /);
    expect(existsSync(file)).toBe(true);
    const store = `chdb:${join(folder, 'data')}`;
    expect(oslotap(['replay', file, '--store', store])).toMatchObject({ code: 0 });
    expect(await differences(store, truth)).toEqual(NO_DIFFERENCE);
    expect((await queues()).filter((name) => name.startsWith('oslotap.'))).toEqual([]);
  });
});

/** Header tables nested deeper than the library's stack: legal AMQP, which RabbitMQ takes. Written frame by frame. */
async function publishUnreadable(amqp: string): Promise<void> {
  const connection = await connect(amqp);
  const channel = await connection.createChannel();
  let table = Buffer.alloc(0);
  for (let depth = 0; depth < 15_000; depth++) table = Buffer.concat([Buffer.from('\u0001aF'), uint32(table.length), table]);
  const properties = Buffer.concat([Buffer.from([0x20, 0]), uint32(table.length), table]);
  const publish = Buffer.concat([
    Buffer.from([0, 60, 0, 40, 0, 0]),
    shortString('amq.fanout'),
    shortString(''),
    Buffer.from([0]),
  ]);
  const header = Buffer.concat([Buffer.from([0, 60, 0, 0]), uint32(0), uint32(1), properties]);
  const raw = connection.connection as unknown as { sendBytes(bytes: Buffer): void };
  raw.sendBytes(Buffer.concat([frame(1, publish), frame(2, header), frame(3, Buffer.from('x'))]));
  await channel.checkExchange('amq.fanout'); // answered after the publish was taken
  await connection.close();
}

function frame(type: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from([type, 0, 1]), uint32(payload.length), payload, Buffer.from([0xce])]);
}

function shortString(text: string): Buffer {
  return Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
