/**
 * A cloud as its broker's firehose shows it, in event time and from a seed: no clock, no broker. What its services say, and how often, is
 * as in the captures (idle-180s, boot-1, storm).
 *
 *   nova-compute     Service.save every 10 s; a round of seven object calls every minute; 14 calls as it starts
 *   the L2 agent     report_state every 30 s; two calls as it starts
 *   a user's boot    30 messages under one request id: fanouts to all agents and schedulers among them
 *
 *   const cloud = new SimulatedCloud({ seed: 1, hosts: 20 });
 *   cloud.at(60, () => cloud.addHost());
 *   for (const event of cloud.run(120)) …
 */
import TinyQueue from 'tinyqueue';
import type { BrokerEvent, Context, OsloMessage } from '../../src/message.ts';
import type { BrokerSnapshot } from '../../src/trace/broker-snapshot.ts';
import { BEGIN_NS } from './events.ts';
import { BUILD, ON_INSTANCES, ROUND, randomOf, type SimulatedHost, type SimulatedProcess, START } from './simulated-work.ts';

export interface CloudOptions {
  readonly seed: number;
  readonly hosts: number;
  /** @default / */
  readonly vhost?: string;
  /** @default 0 */
  readonly bootsPerMinute?: number;
  /** How much there is to do at a second: of users' requests and of periodic rounds. @default always 1 */
  readonly loadAt?: (second: number) => number;
}

/** What is sent, and to whom. */
export interface Sent {
  readonly exchange: string;
  readonly routingKey: string;
  readonly method: string;
  readonly object?: string;
  readonly context?: Context;
  /** Body, bytes. @default 1500 */
  readonly bytes?: number;
}

export interface SentCall extends Sent {
  /** `null`: it is delivered to nobody. @default a worker of the topic's service */
  readonly to?: SimulatedProcess | null;
  /** How it ends. @default answered */
  readonly outcome?: 'answered' | 'failed' | 'silence';
  /** @default 60000 */
  readonly timeoutMs?: number;
  /** From its publish to its delivery. Milliseconds. @default 1 */
  readonly waitMs?: number;
}

interface Due {
  readonly atMs: number;
  readonly nth: number;
  readonly act: () => void;
}

export const BACKGROUND: Context = { requestId: null, globalRequestId: null, hasUser: false };
const BROKER = '10.0.0.1:5672';
const MINUTE_MS = 60_000;
const WORKERS = 3;

export class SimulatedCloud {
  readonly random: () => number;
  readonly hosts: SimulatedHost[] = [];
  readonly conductors: readonly SimulatedProcess[];
  readonly schedulers: readonly SimulatedProcess[];
  readonly neutrons: readonly SimulatedProcess[];
  readonly api: SimulatedProcess;
  readonly dhcp: SimulatedProcess;
  /** Grows whenever somebody connects. */
  connections = 0;
  readonly #options: Required<CloudOptions>;
  readonly #due = new TinyQueue<Due>([], (a, b) => a.atMs - b.atMs || a.nth - b.nth);
  readonly #processes: SimulatedProcess[] = [];
  #events: BrokerEvent[] = [];
  #nowMs = 0;
  #nth = 0;
  #ids = 0;

  constructor(options: CloudOptions) {
    this.#options = { vhost: '/', bootsPerMinute: 0, loadAt: () => 1, ...options };
    this.random = randomOf(options.seed);
    const workers = (service: string, count: number, queues: string[] = []) =>
      Array.from({ length: count }, () => this.#connect({ service, host: 'ctl', address: '10.0.0.2', queues }));
    this.conductors = workers('nova-conductor', WORKERS, ['conductor']);
    this.schedulers = workers('nova-scheduler', 1, ['scheduler']);
    this.neutrons = workers('neutron-server', WORKERS, ['q-plugin', 'q-reports-plugin']);
    this.api = workers('nova-api', 1)[0] as SimulatedProcess;
    this.dhcp = this.#connect({ service: 'neutron-dhcp-agent', host: 'net1', address: '10.0.0.3', queues: ['dhcp_agent.net1'] });
    this.#every(30_000, () => this.#report(this.dhcp));
    for (let nth = 0; nth < options.hosts; nth++) this.#settle(this.#newHost());
    if (this.#options.bootsPerMinute > 0) this.#nextBoot();
  }

  /** What its broker shows until this second, in the order of time. It goes on from there when called again. */
  *run(untilSecond: number): Generator<BrokerEvent> {
    const untilMs = untilSecond * 1_000;
    for (let next = this.#due.peek(); next !== undefined && next.atMs < untilMs; next = this.#due.peek()) {
      this.#due.pop();
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.act();
      yield* this.#events.splice(0);
    }
    this.#nowMs = untilMs;
  }

  /** Since its beginning. */
  get nowSeconds(): number {
    return this.#nowMs / 1_000;
  }

  get snapshot(): BrokerSnapshot {
    const alive = this.#processes.filter(({ isAlive }) => isAlive);
    return {
      connections: alive.flatMap(({ service, pid, address, connectedMs, ...process }) =>
        [process.sending, process.listening].map((name) => ({
          name,
          peerHost: address,
          connectionName: `${service}:${pid}:x`,
          connectedAtMs: Number(BEGIN_NS / 1_000_000n) + connectedMs,
        })),
      ),
      consumers: alive.flatMap(({ queues, replyQueue, listening }) =>
        [...queues, replyQueue].map((queue) => ({ queue, connection: listening })),
      ),
      queues: ['q-agent-notifier-port-update_fanout', 'scheduler_fanout'],
    };
  }

  /** Does something at a second; at once where that is over. */
  at(second: number, act: () => void): void {
    this.#after(Math.max(0, second * 1_000 - this.#nowMs), act);
  }

  /** A new host starts: its processes connect, and ask for what they need to know. */
  addHost(): SimulatedHost {
    const host = this.#newHost();
    this.#start(host);
    this.#settle(host);
    return host;
  }

  /** Its processes end, and are there again with other pids. */
  restart(host: SimulatedHost): void {
    for (const process of [host.compute, host.agent]) process.isAlive = false;
    Object.assign(host, this.#processesOf(host.name, host.compute.address));
    this.#start(host);
    this.#settle(host);
  }

  /** The same process, other connections: its link was gone for a moment. */
  reconnect(process: SimulatedProcess): void {
    process.sending = this.#newConnection(process.address);
    process.listening = this.#newConnection(process.address);
    process.connectedMs = Math.floor(this.#nowMs);
  }

  /** A user asks for a server. @returns the request's id. */
  boot(): string {
    const host = this.#pick(this.hosts);
    const requestId = this.newRequestId();
    const context = { requestId, globalRequestId: null, hasUser: true };
    const conductor = this.#pick(this.conductors);
    const to = { exchange: 'nova', routingKey: 'conductor', context };
    this.cast(this.api, { ...to, method: 'schedule_and_build_instances', bytes: 14_000 }, conductor);
    this.#after(40, () =>
      this.call(conductor, { ...to, routingKey: 'scheduler', method: 'select_destinations', to: this.#pick(this.schedulers) }),
    );
    this.#after(400, () => {
      this.cast(conductor, { ...to, routingKey: `compute.${host.name}`, method: 'build_and_run_instance' }, host.compute);
      this.#calls(host.compute, BUILD, 60, context);
    });
    this.#after(900, () => this.#plug(host, context));
    return requestId;
  }

  call(from: SimulatedProcess, { to, outcome = 'answered', timeoutMs = 60_000, waitMs = 1, ...sent }: SentCall): void {
    const msgId = this.#newId();
    const message = { ...this.#request(sent), kind: 'call' as const, msgId, replyQueue: from.replyQueue };
    this.#publish(from, sent, message, { queues: [sent.routingKey], expirationMs: timeoutMs });
    const server = to === undefined ? this.#pick(sent.exchange === 'nova' ? this.conductors : this.neutrons) : to;
    if (server === null) return;
    this.#after(waitMs, () => this.#deliver(server, sent, message, sent.routingKey));
    if (outcome === 'silence') return;
    this.#after(waitMs + 5 + 20 * this.random(), () => this.#reply(server, from, msgId, outcome === 'failed'));
  }

  cast(from: SimulatedProcess, sent: Sent, to: SimulatedProcess): void {
    const message = { ...this.#request(sent), kind: 'cast' as const };
    this.#publish(from, sent, message, { queues: [sent.routingKey] });
    this.#after(1, () => this.#deliver(to, sent, message, sent.routingKey));
  }

  /** To everybody of a topic. */
  fanout(
    from: SimulatedProcess,
    topic: string,
    { method, context = BACKGROUND }: Pick<Sent, 'method' | 'context'>,
    to: readonly SimulatedProcess[],
  ): void {
    const sent = { exchange: `${topic}_fanout`, routingKey: '', method, context };
    const message = { ...this.#request(sent), kind: 'fanout' as const };
    const queueOf = ({ pid }: SimulatedProcess) => `${topic}_fanout_${pid}`;
    this.#publish(from, sent, message, { queues: to.map(queueOf) });
    this.#after(1, () => {
      for (const one of to) this.#deliver(one, sent, message, queueOf(one));
    });
  }

  /** A call of an object's method, answered by a conductor. */
  objectCall(from: SimulatedProcess, object: string, rest: Partial<SentCall> = {}): void {
    const method = ON_INSTANCES.test(object) ? 'object_action' : 'object_class_action_versions';
    this.call(from, { exchange: 'nova', routingKey: 'conductor', method, object, ...rest });
  }

  get agents(): readonly SimulatedProcess[] {
    return this.hosts.map(({ agent }) => agent);
  }

  newRequestId(): string {
    const id = this.#newId();
    return `req-${id.slice(0, 8)}-${id.slice(8, 12)}-4${id.slice(13, 16)}-8${id.slice(17, 20)}-${id.slice(20)}`;
  }

  /** Calls one after the other, so many milliseconds apart. */
  #calls(from: SimulatedProcess, objects: readonly string[], everyMs: number, context?: Context): void {
    const under = context ?? { ...BACKGROUND, requestId: this.newRequestId() };
    for (const [nth, object] of objects.entries())
      this.#after(nth * everyMs + 20 * this.random(), () => this.objectCall(from, object, { context: under }));
  }

  #plug(host: SimulatedHost, context: Context): void {
    const server = this.#pick(this.neutrons);
    const toAll = (delayMs: number, topic: string, method: string, by: Context) =>
      this.#after(delayMs, () => this.fanout(server, topic, { method, context: by }, this.agents));
    toAll(0, 'q-agent-notifier-security_group-update', 'security_groups_member_updated', context);
    toAll(500, 'q-agent-notifier-port-update', 'port_update', context);
    const dhcp = { exchange: 'neutron', routingKey: 'dhcp_agent.net1', method: 'port_create_end', context };
    this.cast(server, dhcp, this.dhcp);
    this.#after(300, () => this.#ask(this.dhcp, 'dhcp_ready_on_ports'));
    this.#after(2_000, () => this.#ask(host.agent, 'get_devices_details_list'));
    this.#after(2_300, () => this.#ask(host.agent, 'update_device_up'));
    toAll(2_500, 'q-agent-notifier-l2population-update', 'add_fdb_entries', BACKGROUND);
    this.#after(2_200, () =>
      this.fanout(host.compute, 'scheduler', { method: 'update_instance_info', context }, this.schedulers),
    );
  }

  #start({ compute, agent }: SimulatedHost): void {
    this.call(compute, { exchange: 'nova', routingKey: 'conductor', method: 'ping' });
    this.#after(100, () => this.#calls(compute, START, 100));
    this.#after(800, () => this.#report(agent));
    this.#after(900, () =>
      this.fanout(
        this.#pick(this.neutrons),
        'q-server-resource-versions',
        { method: 'report_agent_resource_versions' },
        this.neutrons,
      ),
    );
    this.#after(1_000, () => this.#ask(agent, 'get_devices_details_list'));
  }

  /** What it does from now on: each host at a time of its own. */
  #settle({ compute, agent }: SimulatedHost): void {
    this.#every(10_000, () => this.objectCall(compute, 'Service.save'), compute);
    this.#every(MINUTE_MS, () => this.#calls(compute, ROUND, 40), compute, true);
    const tell = () => this.fanout(compute, 'scheduler', { method: 'sync_instance_info' }, this.schedulers);
    this.#every(2 * MINUTE_MS, tell, compute);
    this.#every(30_000, () => this.#report(agent), agent);
  }

  #report(agent: SimulatedProcess): void {
    this.#ask(agent, 'report_state', 'q-reports-plugin');
  }

  #ask(agent: SimulatedProcess, method: string, routingKey = 'q-plugin'): void {
    this.call(agent, { exchange: 'neutron', routingKey, method });
  }

  #every(periodMs: number, act: () => void, of: SimulatedProcess = this.dhcp, isLoad = false): void {
    const next = () => periodMs / (isLoad ? this.#options.loadAt(this.nowSeconds) : 1);
    const again = () => {
      if (!of.isAlive) return;
      act();
      this.#after(next() * (0.98 + 0.04 * this.random()), again);
    };
    this.#after(next() * this.random(), again);
  }

  /** Users come when they like. */
  #nextBoot(): void {
    const perMs = (this.#options.bootsPerMinute * this.#options.loadAt(this.nowSeconds)) / MINUTE_MS;
    this.#after(-Math.log(1 - this.random()) / perMs, () => {
      this.boot();
      this.#nextBoot();
    });
  }

  #newHost(): SimulatedHost {
    const nth = this.hosts.length + 1;
    const name = `cmp${nth}`;
    const host = { name, ...this.#processesOf(name, `10.1.${nth >> 8}.${nth & 255}`) };
    this.hosts.push(host);
    return host;
  }

  #processesOf(host: string, address: string): Pick<SimulatedHost, 'compute' | 'agent'> {
    const compute = this.#connect({ service: 'nova-compute', host, address, queues: [`compute.${host}`] });
    const queues = [`q-agent-notifier-port-update.${host}`];
    return { compute, agent: this.#connect({ service: 'neutron-linuxbridge-agent', host, address, queues }) };
  }

  #connect(of: Pick<SimulatedProcess, 'service' | 'host' | 'address' | 'queues'>): SimulatedProcess {
    const process = {
      ...of,
      pid: 1_000 + this.#processes.length,
      replyQueue: `reply_${this.#newId()}`,
      sending: this.#newConnection(of.address),
      listening: this.#newConnection(of.address),
      connectedMs: Math.floor(this.#nowMs),
      isAlive: true,
    };
    this.#processes.push(process);
    return process;
  }

  #newConnection(address: string): string {
    this.connections++;
    return `${address}:${10_000 + (this.connections % 50_000)} -> ${BROKER}`;
  }

  #request({ method, object, context = BACKGROUND }: Pick<Sent, 'method' | 'object' | 'context'>) {
    return { uniqueId: this.#newId(), method, object: object ?? null, namespace: null, version: '1.0', ...context };
  }

  #reply(from: SimulatedProcess, to: SimulatedProcess, msgId: string, isFailed: boolean): void {
    const failure = isFailed ? 'nova.exception.InstanceNotFound' : null;
    const message = { kind: 'reply' as const, uniqueId: this.#newId(), msgId, ending: true, failure };
    const place = { exchange: '', routingKey: to.replyQueue, bytes: 300 };
    this.#publish(from, place, message, { queues: [to.replyQueue] });
    this.#after(1, () => this.#deliver(to, place, message, to.replyQueue));
  }

  #publish(
    { sending }: SimulatedProcess,
    place: Pick<Sent, 'exchange' | 'routingKey' | 'bytes'>,
    message: OsloMessage,
    { queues, expirationMs = null }: { readonly queues: readonly string[]; readonly expirationMs?: number | null },
  ): void {
    const hop = this.#hop(place, message, sending);
    this.#events.push({ event: 'publish', ...hop, routedQueues: queues, expirationMs, resources: [], arguments: '' });
  }

  #deliver(
    { listening }: SimulatedProcess,
    place: Pick<Sent, 'exchange' | 'routingKey' | 'bytes'>,
    message: OsloMessage,
    queue: string,
  ): void {
    const hop = this.#hop(place, message, listening);
    this.#events.push({ event: 'deliver', ...hop, queue, redelivered: false, deliveryCount: 0, streamOffset: null });
  }

  #hop(
    { exchange, routingKey, bytes = 1_500 }: Pick<Sent, 'exchange' | 'routingKey' | 'bytes'>,
    message: OsloMessage,
    connection: string,
  ) {
    const timeNs = BEGIN_NS + BigInt(Math.round(this.#nowMs * 1e6));
    return { timeNs, vhost: this.#options.vhost, exchange, routingKey, connection, channel: 1, bytes, isLagging: false, message };
  }

  #after(ms: number, act: () => void): void {
    this.#due.push({ atMs: this.#nowMs + ms, nth: this.#nth++, act });
  }

  #pick<T>(of: readonly T[]): T {
    return of[Math.floor(this.random() * of.length)] as T;
  }

  #newId(): string {
    return (++this.#ids).toString(16).padStart(8, '0').padEnd(32, '5a');
  }
}
