/**
 * Where a bench plays: a broker of its own, a folder of its own, and what was started there; all of it is gone at the end.
 *
 * Erlang's schedulers spin for a while before they sleep, which is CPU time spent on nothing and would count for every RPC:
 * here they do not.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Broker, type BrokerOptions, startBroker } from '../support/broker.ts';
import { type LoadArgs, RunningLoad } from './live-load.ts';
import { RunningSidecar } from './live-sidecar.ts';
import { pause, until } from './live-wait.ts';

export const NO_BUSY_WAIT = '+sbwt none +sbwtdcpu none +sbwtdio none';
export const TAP_QUEUE = 'oslotap.firehose';

/** The broker's counts come late: so often, a second apart, the queue has to be seen empty, its markers left out. */
const QUIET_LOOKS = 3;
const MARKERS = 2;
const STALLED_MS = 120_000;
/** A start reads the journal of the run before it first, which takes its time on a busy machine. */
const START_MS = 180_000;

/** There is no RabbitMQ here to be measured. */
export class NoBroker extends Error {}

export interface QueueState {
  readonly messages: number;
  readonly message_bytes?: number;
}

export class Stage {
  readonly broker: Broker;
  readonly folder: string = mkdtempSync(join(tmpdir(), 'oslotap-bench-'));
  #folders = 0;
  #newest: RunningSidecar | null = null;
  /** Undone at the end, last first. */
  readonly #undo: (() => void | Promise<void>)[] = [];

  private constructor(broker: Broker) {
    this.broker = broker;
  }

  /** @throws NoBroker where RabbitMQ is not installed. */
  static async play<T>(work: (stage: Stage) => Promise<T>, options: BrokerOptions = {}): Promise<T> {
    const broker = await startBroker({ erlArgs: NO_BUSY_WAIT, ...options });
    if ('missing' in broker) throw new NoBroker(broker.missing);
    const stage = new Stage(broker);
    const interrupted = () => void stage.#clear().finally(() => process.exit(130));
    process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
    try {
      return await work(stage);
    } finally {
      process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
      await stage.#clear();
    }
  }

  /** Called when the stage is cleared; what comes last is undone first. */
  onEnd(undo: () => void | Promise<void>): void {
    this.#undo.push(undo);
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** A path that was not given before; nothing is there. */
  newFolder(): string {
    return this.path(`data-${this.#folders++}`);
  }

  get env(): Readonly<Record<string, string>> {
    const { amqp, api, user, password } = this.broker;
    return { OSLOTAP_AMQP: amqp, OSLOTAP_API: api.replace('://', `://${user}:${password}@`) };
  }

  /** Starts `oslotap run` and waits until it is connected. */
  async sidecar(args: readonly string[]): Promise<RunningSidecar> {
    const sidecar = new RunningSidecar(args, this.env);
    this.#newest = sidecar;
    this.onEnd(() => sidecar.kill());
    await sidecar.says('tap_connected', START_MS);
    return sidecar;
  }

  /** The same with --arm; the firehose is on when it resolves. */
  async armedSidecar(args: readonly string[]): Promise<RunningSidecar> {
    const sidecar = await this.sidecar(['--arm', ...args]);
    await this.untilTracing();
    return sidecar;
  }

  load(args: LoadArgs): RunningLoad {
    const load = new RunningLoad(this.broker.amqp, args);
    this.onEnd(() => load.kill());
    return load;
  }

  async untilTracing(patienceMs = 60_000): Promise<void> {
    await until(() => this.isTracing(), { otherwise: () => 'the firehose was not switched on', patienceMs });
  }

  async isTracing(): Promise<boolean> {
    const vhost = await this.broker.manage('GET', '/api/vhosts/%2F').catch(() => null);
    return (vhost as { tracing?: boolean } | null)?.tracing === true;
  }

  async trace(isOn: boolean): Promise<void> {
    await this.broker.ctl(isOn ? 'trace_on' : 'trace_off');
  }

  /** Null where there is no such queue. The broker counts once a second. */
  async queue(name: string = TAP_QUEUE): Promise<QueueState | null> {
    try {
      return (await this.broker.manage('GET', `/api/queues/%2F/${name}`)) as QueueState;
    } catch (error) {
      if (/: 404 /.test((error as Error).message)) return null;
      throw error;
    }
  }

  /** How many messages wait in the tap's queue, or are on their way to it; 0 where it is gone. */
  async backlog(): Promise<number> {
    return (await this.queue())?.messages ?? 0;
  }

  /**
   * Until the tap has taken and acknowledged all but its own marker. @returns how long that took, in seconds.
   * @throws where it gets nowhere for a minute, with the last words of the sidecar.
   */
  async drained(): Promise<number> {
    const beganMs = performance.now();
    let [least, leastMs, quiet] = [Number.POSITIVE_INFINITY, beganMs, 0];
    while (quiet < QUIET_LOOKS) {
      const backlog = await this.backlog();
      if (backlog < least) [least, leastMs] = [backlog, performance.now()];
      quiet = backlog <= MARKERS ? quiet + 1 : 0;
      if (quiet === 0 && performance.now() - leastMs > STALLED_MS) {
        throw new Error(
          `the tap takes nothing more, ${backlog} messages wait in its queue. The sidecar said: ${this.#newest?.lastWords ?? '(nothing)'}`,
        );
      }
      await pause(1);
    }
    return Math.max(0, (performance.now() - beganMs) / 1_000 - QUIET_LOOKS);
  }

  async #clear(): Promise<void> {
    for (const undo of this.#undo.splice(0).reverse()) await Promise.resolve(undo()).catch(() => {});
    await this.broker.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
