/**
 * The load of a soak: rpc-load, started again whenever a restart of the broker has ended it, as services come back; and bursts.
 * Each part has a truth of its own, in the order of sending.
 */
import { statSync } from 'node:fs';
import { type LoadArgs, RunningLoad } from './live-load.ts';
import type { Stage } from './live-stage.ts';
import { pause } from './live-wait.ts';

export interface Part {
  readonly truth: string;
  /** Epoch milliseconds. */
  readonly fromMs: number;
  toMs: number;
  /** Why it ended before its time; null: it did not. */
  failure: string | null;
  /** Deliveries that did not come; null where it failed. */
  missing: number | null;
}

/** One in so many calls is never answered. */
const SILENT_SHARE = 0.003;
const FOREVER_SECONDS = 1_000_000;
/** A broker that restarts is tried so often. Seconds. */
const AGAIN_SECONDS = 1;

export class SoakLoad {
  readonly parts: Part[] = [];
  readonly #stage: Stage;
  readonly #rate: number;
  #current: RunningLoad | null = null;
  #isStopped = false;
  #isBursting = false;
  #nth = 0;
  readonly #running: Promise<void>;

  constructor(stage: Stage, rate: number) {
    this.#stage = stage;
    this.#rate = rate;
    this.#running = this.#run();
  }

  /** The other load ends, and goes on after it. */
  async burst(rate: number, seconds: number): Promise<void> {
    this.#isBursting = true;
    await this.#endCurrent();
    await this.#play({ rate, seconds });
    this.#isBursting = false;
  }

  /** Resolves when all that was sent has arrived. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#current?.stop();
    await this.#running;
  }

  async #endCurrent(): Promise<void> {
    const load = this.#current;
    load?.stop();
    await load?.ended;
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      if (!this.#isBursting) await this.#play({ rate: this.#rate, seconds: FOREVER_SECONDS, 'timeout-share': SILENT_SHARE });
      await pause(AGAIN_SECONDS);
    }
  }

  async #play(args: LoadArgs): Promise<void> {
    const truth = this.#stage.path(`truth-${this.#nth}.ndjson`);
    const part: Part = { truth, fromMs: Date.now(), toMs: 0, failure: null, missing: null };
    const load = new RunningLoad(this.#stage.broker.amqp, { ...args, truth });
    this.#stage.onEnd(() => load.kill());
    this.#current = load;
    const ended = await load.ended;
    part.toMs = Date.now();
    this.#nth++;
    if (statSync(truth, { throwIfNoEntry: false })?.size) this.parts.push(part); // else the broker was away
    if ('failure' in ended) part.failure = ended.failure;
    else part.missing = ended.missing;
  }
}
