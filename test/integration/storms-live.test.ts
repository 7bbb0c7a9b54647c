/**
 * Storms made on a real broker, each on a vhost of its own and all at the same time, beside a real sidecar that knows what is usual:
 * `oslotap storms` tells each once, soon, by its first name; and so it does where the budget has stepped the tap down.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { StoredStorm } from '../../src/queries/storms.ts';
import type { Baseline } from '../../src/storms/baseline.ts';
import { baselineToJson } from '../../src/storms/baseline-json.ts';
import { type Broker, describeWithBroker } from '../support/broker.ts';
import { oslotap, scratch } from '../support/cli.ts';
import { newRequestId } from '../support/rpc-load-messages.ts';
import { Sidecar, until } from '../support/sidecar.ts';
import { SimulatedCloud } from '../support/simulated-cloud.ts';
import { type LiveProcess, pace, StormCloud } from '../support/storm-load.ts';
import { usualOf } from '../support/storm-watch.ts';

const SECONDS = 10;
/** The bound on detection; and on the end: 60 s, with ten seconds of calm instead of thirty. Milliseconds. */
const DETECTED_MS = 10_000;
const ENDED_MS = 40_000;
/** The end that is told, beside the last message. Milliseconds. */
const END_TRUE_MS = 3_000;
const PATIENCE_MS = 90_000;
const LONG = { timeout: 200_000 };
const CONDUCTOR = { exchange: 'nova', topic: 'conductor' };
const NEUTRON = { exchange: 'neutron', topic: 'q-plugin', method: 'get_devices_details_list' };
const CLASS_CALL = { ...CONDUCTOR, method: 'object_class_action_versions', object: 'InstanceList.get_by_host' };

interface Planned {
  /** Gets everybody there, and says what happens next, and how it is sent. */
  readonly prepare: (cloud: StormCloud) => Promise<Prepared>;
  readonly method: string;
  readonly object?: string;
  readonly service: string;
  readonly host?: string;
  /** @default 10 */
  readonly seconds?: number;
}

interface Prepared {
  readonly before?: () => Promise<unknown>;
  readonly send: (seconds: number) => Promise<void>;
}

const STORMS: Readonly<Record<string, Planned>> = {
  resync: {
    prepare: async (cloud) => {
      await cloud.serve('neutron', 'q-plugin', 'neutron-server');
      const agents = await cloud.processes('neutron-linuxbridge-agent', 200, 'q-agent-notifier-port-update');
      return {
        before: () => Promise.all(agents.map((agent) => agent.reconnect())),
        send: (seconds) => pace(120, seconds, (nth) => agents[nth % agents.length]?.call(NEUTRON)),
      };
    },
    method: 'get_devices_details_list',
    service: 'neutron-linuxbridge-agent',
  },
  fanout: {
    prepare: async (cloud) => {
      const topic = 'q-agent-notifier-security_group-update';
      await cloud.listen(topic, 500);
      const server = await cloud.process('neutron-server', 'ctl', 'q-reports-plugin');
      return { send: (seconds) => pace(2, seconds, () => server.fanout(topic, 'security_groups_member_updated')) };
    },
    method: 'security_groups_member_updated',
    service: 'neutron-server',
    host: 'ctl',
  },
  retries: {
    prepare: async (cloud) => {
      await cloud.serve('nova', 'conductor', 'nova-conductor', true);
      const computes = await cloud.processes('nova-compute', 20, 'compute');
      const requests = computes.map(() => newRequestId());
      const call = { ...CLASS_CALL, object: 'MigrationList.get_by_filters', timeoutMs: 1_000 };
      return { send: (seconds) => pace(40, seconds, (nth) => retry(computes, requests, nth, call)) };
    },
    method: 'object_class_action_versions',
    object: 'MigrationList.get_by_filters',
    service: 'nova-compute',
  },
  noisy: {
    prepare: async (cloud) => {
      await cloud.serve('nova', 'conductor', 'nova-conductor');
      const computes = await cloud.processes('nova-compute', 20, 'compute');
      return {
        send: (seconds) => pace(60, seconds, (nth) => computes[nth % 10 === 0 ? nth % computes.length : 6]?.call(CLASS_CALL)),
      };
    },
    method: 'object_class_action_versions',
    object: 'InstanceList.get_by_host',
    service: 'nova-compute',
    host: 'cmp7',
  },
};

/** Every other one as new work, every other one as the same request of a user. */
function retry(computes: readonly LiveProcess[], requests: readonly string[], nth: number, call: typeof CLASS_CALL): void {
  const at = nth % computes.length;
  const requestId = requests[at];
  computes[at]?.call(at % 2 === 0 || requestId === undefined ? call : { ...call, requestId });
}

await describeWithBroker('storms on a real broker', {}, (broker) => {
  const api = broker.api.replace('://', `://${broker.user}:${broker.password}@`);
  const env = { OSLOTAP_AMQP: broker.amqp, OSLOTAP_API: api };

  // Both at once, in one test: each takes a minute, of which the longest is the calm after the storm.
  test('each is told once, in time, by its first names; and where the tap was stepped down, too', LONG, async () => {
    const noisy = STORMS.noisy as Planned;
    const [full, stepped] = await Promise.all([
      play(broker, STORMS, []),
      play(broker, { flood: { ...noisy, seconds: 2 * SECONDS } }, ['--rate-max', '150', '--calm', '3600']),
    ]);
    expect(stepped.log).toMatch(/tier full → publish/);
    for (const { log, told, plans } of [full, stepped]) {
      expect(told.map(({ vhost }) => vhost).sort(), log).toEqual(Object.keys(plans).sort());
      for (const storm of told) expectAsPlanned(storm, plans, log);
    }
  });

  interface Played {
    readonly plans: Readonly<Record<string, Planned>>;
    readonly told: readonly (StoredStorm & Sent)[];
    readonly log: string;
  }

  /** Makes storms beside a sidecar, each on a vhost of its own, and waits until all are over. */
  async function play(broker: Broker, plans: Played['plans'], args: readonly string[]): Promise<Played> {
    const vhosts = Object.keys(plans);
    const directory = scratch();
    const store = `chdb:${join(directory, 'data')}`;
    const clouds = await Promise.all(vhosts.map((vhost) => newVhost(broker, vhost)));
    const prepared = await Promise.all(vhosts.map((vhost, nth) => plans[vhost]?.prepare(clouds[nth] as StormCloud)));
    const baseline = await writeUsual(join(directory, 'usual.json'), vhosts);
    await isKnown(broker, clouds);
    const sidecar = await Sidecar.start(
      ['--vhost', ...vhosts, '--baseline', baseline, '--store', store, '--storms-hold', '10s', ...args],
      env,
    );
    await until(
      () => linesOf(sidecar, 'tap_connected').length === vhosts.length,
      () => sidecar.log,
    );
    const sent = new Map(
      await Promise.all(vhosts.map(async (vhost, nth) => [vhost, await send(prepared[nth], plans[vhost])] as const)),
    );
    await until(
      () => linesOf(sidecar, 'storm_ended').length >= vhosts.length,
      () => sidecar.log,
      PATIENCE_MS,
    );
    const toldMs = new Map(linesOf(sidecar, 'storm_ended').map(({ vhost, time }) => [vhost, Date.parse(time)]));
    await sidecar.stop();
    await Promise.all(clouds.map((cloud) => cloud.close()));
    const told = storedStorms(store).map((storm) => ({
      ...storm,
      ...(sent.get(storm.vhost) as Span),
      endToldMs: toldMs.get(storm.vhost) ?? Infinity,
    }));
    return { plans, told, log: sidecar.log };
  }
});

/** When its first and its last message were sent. */
interface Span {
  readonly beganMs: number;
  readonly endedMs: number;
}

interface Sent extends Span {
  /** When the sidecar said that it was over. */
  readonly endToldMs: number;
}

async function send(prepared: Prepared | undefined, { seconds = SECONDS }: Partial<Planned> = {}): Promise<Span> {
  await prepared?.before?.();
  const beganMs = Date.now();
  await prepared?.send(seconds);
  return { beganMs, endedMs: Date.now() };
}

function expectAsPlanned(storm: StoredStorm & Sent, plans: Readonly<Record<string, Planned>>, log: string): void {
  const { method, object, service, host } = plans[storm.vhost] as Planned;
  const [grown, sender] = [storm.methods[0], storm.senders[0]];
  const named = { method: grown?.method, object: grown?.objects[0], service: sender?.service };
  expect({ ...named, host: host && sender?.host }, log).toEqual({ method, object, service, host });
  expect(storm.is_open).toBe(false);
  expect(Date.parse(storm.detected) - storm.beganMs, storm.vhost).toBeLessThan(DETECTED_MS);
  expect(Math.abs(Date.parse(storm.end) - storm.endedMs), storm.vhost).toBeLessThan(END_TRUE_MS);
  expect(storm.endToldMs - storm.endedMs, storm.vhost).toBeLessThan(ENDED_MS);
}

let armed: Promise<unknown> = Promise.resolve();

async function newVhost(broker: Broker, name: string): Promise<StormCloud> {
  // One at a time: two that arm at once forget one another.
  armed = armed.then(() => broker.manage('PUT', `/api/vhosts/${name}`, { tracing: true }));
  await armed;
  const all = { configure: '.*', write: '.*', read: '.*' };
  await broker.manage('PUT', `/api/permissions/${name}/${broker.user}`, all);
  return new StormCloud(`${broker.amqp}${name}`);
}

/** The management API knows of connections and consumers a few seconds later. */
async function isKnown(broker: Broker, clouds: readonly StormCloud[]): Promise<void> {
  const consumers = clouds.reduce((sum, cloud) => sum + cloud.consumers, 0);
  await until(
    async () => ((await broker.manage('GET', '/api/consumers')) as unknown[]).length >= consumers,
    () => 'not all consumers are known to the management API',
  );
}

/** What is usual in a cloud of that kind, with users that boot servers, as each vhost's own. */
async function writeUsual(file: string, vhosts: readonly string[]): Promise<string> {
  const usual = await usualOf(new SimulatedCloud({ seed: 7, hosts: 50, bootsPerMinute: 2 }));
  const series: Baseline['series'] = new Map(
    [...usual.series].flatMap(([key, one]) => {
      const [, ...rest] = JSON.parse(key) as unknown[];
      return vhosts.map((vhost) => [JSON.stringify([vhost, ...rest]), one] as const);
    }),
  );
  writeFileSync(file, baselineToJson({ ...usual, series }));
  return file;
}

function storedStorms(store: string): StoredStorm[] {
  const { code, stdout, stderr } = oslotap(['storms', '--json', '--store', store]);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as StoredStorm[];
}

/** Lines of its log that tell of such an event. */
function linesOf(sidecar: Sidecar, event: string): { readonly vhost: string; readonly time: string }[] {
  const lines = sidecar.log.split('\n').filter((line) => line.includes(`"event":"${event}"`) && line.endsWith('}'));
  return lines.map((line) => JSON.parse(line) as { vhost: string; time: string });
}
