/**
 * Calls beside another load on the same virtual host: recorded ones, over exchanges and queues of their own names. In this
 * process, since nothing of it is timed. One at a time on a virtual host.
 */
import { appendFileSync } from 'node:fs';
import { Cloud } from '../support/rpc-load-cloud.ts';
import { type CallStencil, readStencils, type Stencils } from '../support/rpc-load-messages.ts';
import { pause } from './live-wait.ts';

export interface OtherTrafficOptions {
  readonly amqp: string;
  /** Calls a second. */
  readonly rate: number;
  /** Milliseconds. @default 0 */
  readonly replyDelayMs?: number;
  /** As rpc-load writes it. */
  readonly truth: string;
}

const NAME = 'bench-';
const PERIOD_MS = 20;
/** Once the last reply is due, all is there or does not come. */
const PATIENCE_MS = 30_000;
/** No call may run into its own time-out. */
const TIMEOUT_SHARE = 3;

export class OtherTraffic {
  calls = 0;
  readonly #cloud: Cloud;
  readonly #options: OtherTrafficOptions;
  #isStopped = false;
  #running: Promise<void> = Promise.resolve();

  private constructor(options: OtherTrafficOptions) {
    const { amqp, replyDelayMs = 0 } = options;
    this.#options = options;
    const timeoutMs = replyDelayMs === 0 ? null : replyDelayMs * TIMEOUT_SHARE;
    this.#cloud = new Cloud({ amqp, clients: 1, servers: 1, replyDelayMs, timeoutMs });
  }

  static async start(options: OtherTrafficOptions): Promise<OtherTraffic> {
    const { calls } = await readStencils();
    const renamed = calls.map(rename);
    const traffic = new OtherTraffic(options);
    const stencils: Stencils = { calls: renamed, casts: [], fanouts: [], notifications: [] };
    await Promise.race([traffic.#cloud.start(stencils), traffic.#cloud.failed]);
    traffic.#running = Promise.race([traffic.#send(renamed), traffic.#cloud.failed]);
    traffic.#running.catch(() => {}); // `stop` tells it
    return traffic;
  }

  /** Sends no more. @throws where a connection was lost. */
  async stopSending(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  /** Ends it when all is answered. @returns deliveries that did not come. @throws where a connection was lost. */
  async stop(): Promise<number> {
    await this.stopSending();
    const giveUpMs = performance.now() + (this.#options.replyDelayMs ?? 0) + PATIENCE_MS;
    while (this.#cloud.owed > 0 && performance.now() < giveUpMs) await pause(0.05);
    const { owed } = this.#cloud;
    await this.#cloud.stop().catch(() => {});
    return owed;
  }

  async #send(stencils: readonly CallStencil[]): Promise<void> {
    const { rate, truth } = this.#options;
    const beganMs = performance.now();
    while (!this.#isStopped) {
      const due = Math.floor(((performance.now() - beganMs) * rate) / 1_000) - this.calls;
      let lines = '';
      for (let left = due; left > 0; left--) {
        const stencil = stencils[this.calls % stencils.length];
        const { client } = this.#cloud;
        if (client === undefined || stencil === undefined) break;
        const uniqueId = this.#cloud.call(client, stencil, true);
        lines += `{"unique_id":"${uniqueId}","outcome":"${stencil.isFailure ? 'failed' : 'ok'}"}\n`;
        this.calls++;
      }
      if (lines !== '') appendFileSync(truth, lines);
      await pause(PERIOD_MS / 1_000);
    }
  }
}

function rename(stencil: CallStencil): CallStencil {
  return { ...stencil, exchange: NAME + stencil.exchange, routingKey: NAME + stencil.routingKey };
}
