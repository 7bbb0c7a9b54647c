/**
 * Storms told to a webhook: one after the other, in their order, bounded, and nothing waits for it.
 *
 *   tell → queue → sent → delivered
 *    └ full: the oldest is dropped     failed: refused, or no more attempts     dropped: also what the end leaves
 */
import { hostname } from 'node:os';
import type { Log } from '../log.ts';
import type { Storm } from '../storm.ts';
import type { StormNotice, StormTurn } from './storm-shape.ts';
import { noticeStorm } from './storm-shown.ts';
import { post, type StormWebhookOptions, type WebhookTarget, webhookTarget } from './storm-webhook-request.ts';

/** What became of what was to be told. */
export interface WebhookTally {
  delivered: number;
  failed: number;
  dropped: number;
}

/** Notices that wait. */
const QUEUE_MAX = 16;
/** With their pauses about a minute, where each takes its five seconds. */
const ATTEMPTS_MAX = 6;
const PAUSE_FIRST_MS = 1_000;
/** For what waits at the end. Milliseconds. */
const CLOSE_MS = 3_000;

interface Notice {
  readonly turn: StormTurn;
  readonly id: string;
  readonly body: string;
}

export class StormWebhook {
  readonly tally: WebhookTally = { delivered: 0, failed: 0, dropped: 0 };
  readonly #target: WebhookTarget;
  readonly #version: string;
  readonly #log: Log;
  readonly #queue: Notice[] = [];
  readonly #end = new AbortController();
  #isClosing = false;
  #isSending = false;
  #sending: Promise<void> = Promise.resolve();
  #endPause = () => {};

  /** @param version of oslotap. @throws Misuse where the options cannot work. Makes no connection yet. */
  constructor(options: StormWebhookOptions & { readonly version: string }, log: Log) {
    this.#target = webhookTarget(options);
    this.#version = options.version;
    this.#log = log;
  }

  /** Notices that wait, the one that is being sent left out. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** Takes it, or drops it and counts that. Never waits, never throws. */
  tell(turn: StormTurn, storm: Storm): void {
    if (this.#isClosing) {
      this.tally.dropped++;
      return;
    }
    if (this.#queue.length >= QUEUE_MAX) this.#dropOldest();
    const notice: StormNotice = {
      event: turn,
      storm: noticeStorm(turn, storm),
      oslotap: { version: this.#version, host: hostname() },
    };
    this.#queue.push({ turn, id: storm.id, body: JSON.stringify(notice) });
    if (!this.#isSending) this.#sending = this.#sendAll();
  }

  /** Sends what waits, until the first failure and for at most so many milliseconds; the rest is dropped. Never throws. */
  async close(withinMs: number = CLOSE_MS): Promise<void> {
    this.#isClosing = true;
    const timer = setTimeout(() => this.#end.abort(), withinMs);
    this.#endPause();
    await this.#sending;
    clearTimeout(timer);
    this.#end.abort(); // also answers that never end
  }

  async #sendAll(): Promise<void> {
    this.#isSending = true;
    for (let notice = this.#queue.shift(); notice !== undefined; notice = this.#queue.shift()) await this.#send(notice);
    this.#isSending = false;
  }

  async #send(notice: Notice): Promise<void> {
    for (let attempt = 1; !this.#end.signal.aborted; attempt++) {
      const outcome = await post(this.#target, notice.body, this.#end.signal);
      if (outcome.kind === 'delivered') {
        this.tally.delivered++;
        return;
      }
      if (outcome.kind === 'refused' || attempt === ATTEMPTS_MAX) {
        this.#fail(notice, attempt, outcome.reason);
        return;
      }
      if (this.#isClosing) this.#end.abort();
      else await this.#pause(Math.max(outcome.waitMs, pauseMs(attempt)));
    }
    this.tally.dropped++;
  }

  /** Ended early by the end. */
  #pause(waitMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, waitMs);
    this.#endPause = () => {
      clearTimeout(timer);
      resolve();
    };
    return promise;
  }

  #fail({ turn, id }: Notice, attempts: number, reason: string): void {
    this.tally.failed++;
    const tried = `${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`;
    const text = `${this.#target.name} was not told of the ${turn} of a storm: ${reason}, after ${tried}`;
    this.#log.error('storm_webhook_failed', text, { id, turn, reason, attempts });
  }

  #dropOldest(): void {
    const oldest = this.#queue.shift();
    this.tally.dropped++;
    const { dropped } = this.tally;
    const text = `${this.#target.name} is too slow, and no more can wait: the oldest notice was dropped, ${dropped} so far`;
    this.#log.error('storm_webhook_dropped', text, { id: oldest?.id ?? null, turn: oldest?.turn ?? null, dropped });
  }
}

/** Doubling, and never twice the same: many sidecars must not come back at once. */
function pauseMs(attempt: number): number {
  return PAUSE_FIRST_MS * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
}
