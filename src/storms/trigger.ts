/**
 * What started a storm, from what its messages have in common, the clearest first: something that happened to the broker; processes that
 * were just started, or had to connect again; one fanout whose receivers they are; one request; calls that failed and came again.
 */
import type { StormTrigger } from '../storm.ts';
import type { Initiating } from '../trace/traced-message.ts';
import type { Trace } from '../trace/traces.ts';
import { rootOf } from '../trace/traces.ts';
import type { Seen } from './seen.ts';
import type { Sender } from './senders.ts';
import { Tally } from './tally.ts';

/** Something that happened to the broker, for people: `the connection of the tap was lost`. */
export interface BrokerNews {
  readonly second: number;
  readonly detail: string;
}

/** Of a storm's messages so many have to have something in common. */
const SHARE_MIN = 0.3;
/** Processes of which it takes more than one. */
const PROCESSES_MIN = 2;
/** What happened so long before a storm may have started it. Seconds. */
const BEFORE_S = 60;
/** And what is told of the broker may come a little after. Seconds. */
const AFTER_S = 10;
const FAILED_SHARE_MIN = 0.5;
const KEYS_MAX = 10_000;

export class TriggerEvidence {
  readonly #fromSecond: number;
  #messages = 0;
  #ofRestarted = 0;
  #ofReconnected = 0;
  /** By reply queue, and by connection. */
  readonly #restarted = new Map<string, Sender>();
  readonly #reconnected = new Map<string, Sender>();
  /** Messages by their trace, and by the message that they were sent for. */
  readonly #traces = new Tally<Trace>(KEYS_MAX);
  readonly #parents = new Tally<Initiating>(KEYS_MAX);
  readonly #parentTraces = new WeakMap<Initiating, Trace>();

  constructor(fromSecond: number) {
    this.#fromSecond = fromSecond;
  }

  add({ connection, sender, trace, parent }: Seen): void {
    this.#messages++;
    const { replyQueue } = connection;
    if (this.#isNew(replyQueue?.madeSecond ?? null)) {
      this.#ofRestarted++;
      if (this.#restarted.size < KEYS_MAX) this.#restarted.set(replyQueue?.name ?? '', sender);
    } else if (this.#isNew(connection.madeSecond)) {
      this.#ofReconnected++;
      if (this.#reconnected.size < KEYS_MAX) this.#reconnected.set(connection.name, sender);
    }
    if (parent !== null) {
      this.#parents.add(parent);
      if (!this.#parentTraces.has(parent)) this.#parentTraces.set(parent, trace);
    }
    const root = rootOf(trace);
    if (root.requestId !== null) this.#traces.add(root);
  }

  /** @param failedShare of the calls that ended in the storm. @param news of the broker, the newest last. */
  judge(failedShare: number | null, news: readonly BrokerNews[]): StormTrigger {
    return (
      this.#ofBroker(news) ??
      this.#ofRestarts() ??
      this.#ofParent() ??
      this.#ofRequest() ??
      ofRetries(failedShare, this.#messages) ??
      UNKNOWN
    );
  }

  /** Messages that users' requests caused, and those requests. */
  get requests(): { readonly messages: number; readonly count: number } {
    return { messages: this.#traces.total, count: this.#traces.size };
  }

  #isNew(madeSecond: number | null): boolean {
    return madeSecond !== null && madeSecond >= this.#fromSecond - BEFORE_S;
  }

  #ofBroker(news: readonly BrokerNews[]): StormTrigger | null {
    const [after, before] = [this.#fromSecond - BEFORE_S, this.#fromSecond + AFTER_S];
    const last = news.findLast(({ second }) => second >= after && second <= before);
    if (last === undefined) return null;
    const again = this.#restarted.size + this.#reconnected.size;
    const detail = again === 0 ? last.detail : `${last.detail}; ${counted(again, 'process')} connected anew`;
    return { kind: 'broker', detail, traceId: null, count: again };
  }

  #ofRestarts(): StormTrigger | null {
    const isMost = (count: number, processes: number) => processes >= PROCESSES_MIN && count >= SHARE_MIN * this.#messages;
    if (isMost(this.#ofRestarted, this.#restarted.size)) return processesOf('restarts', 'were started', this.#restarted);
    if (isMost(this.#ofReconnected, this.#reconnected.size))
      return processesOf('reconnects', 'connected anew', this.#reconnected);
    return null;
  }

  #ofParent(): StormTrigger | null {
    const [top] = this.#parents.top(1);
    if (top === undefined || top[0].kind !== 'fanout' || top[1] < SHARE_MIN * this.#messages) return null;
    const trace = this.#parentTraces.get(top[0]);
    return {
      kind: 'fanout',
      detail: `the receivers of one fanout, ${top[0].object ?? top[0].method}, sent ${counted(top[1], 'message')} for it`,
      traceId: trace === undefined ? null : rootOf(trace).id,
      count: top[1],
    };
  }

  #ofRequest(): StormTrigger | null {
    const [top] = this.#traces.top(1);
    if (top === undefined) return null;
    const [trace, count] = top;
    if (count >= SHARE_MIN * this.#messages)
      return { kind: 'request', detail: `one request caused ${counted(count, 'message')}`, traceId: trace.id, count };
    if (this.#traces.total < FAILED_SHARE_MIN * this.#messages) return null;
    const detail = `${counted(this.#traces.size, 'request')} of users`;
    return { kind: 'request', detail, traceId: trace.id, count: this.#traces.size };
  }
}

const UNKNOWN: StormTrigger = { kind: 'unknown', detail: 'nothing was seen that started it', traceId: null, count: 0 };

function ofRetries(failedShare: number | null, messages: number): StormTrigger | null {
  if (failedShare === null || failedShare < FAILED_SHARE_MIN) return null;
  const detail = `${Math.round(failedShare * 100)} % of the calls fail or time out, and are sent again`;
  return { kind: 'retries', detail, traceId: null, count: messages };
}

/** `9 processes on 4 hosts were were started: nova-compute, neutron-l3-agent` */
function processesOf(kind: 'restarts' | 'reconnects', what: string, processes: ReadonlyMap<string, Sender>): StormTrigger {
  const senders = [...processes.values()];
  const hosts = new Set(senders.map(({ host }) => host)).size;
  const services = new Tally<string>(KEYS_MAX);
  for (const { service } of senders) if (service !== '') services.add(service);
  const named = services.top(3).map(([service, count]) => `${service} ×${count}`);
  const who = named.length === 0 ? '' : `: ${named.join(', ')}`;
  const detail = `${counted(processes.size, 'process')} on ${counted(hosts, 'host')} ${what}${who}`;
  return { kind, detail, traceId: null, count: processes.size };
}

function counted(count: number, noun: string): string {
  const plural = noun.endsWith('s') ? `${noun}es` : `${noun}s`;
  return `${count} ${count === 1 ? noun : plural}`;
}
