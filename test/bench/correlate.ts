/** Correlating: decoded events to stories, against a Map of calls joined by id and nothing else; and where the time goes. */
import type { BrokerEvent, TappedMessage } from '../../src/message.ts';
import { decode } from '../../src/oslo/decode.ts';
import { Correlator } from '../../src/trace/correlator.ts';
import { Processes } from '../../src/trace/processes.ts';
import { type Capture, loadCaptures, wholeSnapshot } from './captures.ts';
import { Copies } from './copies.ts';
import { collectGarbage, heapBytes, race, type Spread, timed } from './measure.ts';
import { profile } from './profile.ts';
import { megabytes, number, type Report, ratio, us } from './report.ts';

const EVENTS = 60_000;
/** As many as the Correlator keeps open at most. */
const OPEN_CALLS = 50_000;
const RACE = { rounds: 7, warmups: 1 };
/** Messages of one round of `steps`, their bytes held in memory; rounds that are looked into. */
const MESSAGES = 20_000;
const PROFILED_ROUNDS = 15;
const STEPS = [
  { name: 'decode', function: 'decode', file: '/src/oslo/decode.ts' },
  { name: 'attribution: what caused it', function: 'attribute', file: '/src/trace/attribution.ts' },
];
const NOWHERE = { published: () => {}, streamed: () => {}, closed: () => {}, unmatched: () => {}, repeated: () => {} };

export async function benchCorrelate(): Promise<Report[]> {
  const captures = await loadCaptures();
  return [await speed(captures), await steps(captures), await memory(captures)];
}

async function speed(captures: readonly Capture[]): Promise<Report> {
  const snapshot = wholeSnapshot(captures);
  const events: BrokerEvent[] = [];
  for await (const event of decoded(captures, EVENTS, 1)) events.push(event);
  const contenders = [
    { name: 'naive', run: () => feed(new NaiveCorrelator(), events) },
    {
      name: 'correlator',
      run: () => {
        const correlator = new Correlator(new Processes(snapshot), NOWHERE);
        return feed(correlator, events) + timed(() => correlator.finish());
      },
    },
  ];
  const [naive, ours] = (await race(contenders, { units: events.length, ...RACE })) as [Spread, Spread];
  return {
    title: `Correlating: ${EVENTS.toLocaleString('en-US')} decoded events, median (least–most) of ${RACE.rounds} rounds`,
    rows: [
      ['', 'µs an event', 'events/s of one core'],
      ['a Map of calls: no parents, no bounds', us(naive), number(1e6 / naive.median)],
      ['Correlator', us(ours), number(1e6 / ours.median)],
      ['slower by', ratio(ours, naive), ''],
    ],
    verdicts: [],
    figures: { correlate_us_an_event: ours.median, correlate_naive_us_an_event: naive.median },
  };
}

/** All that is done for an event before it becomes a row, from its bytes on. */
async function steps(captures: readonly Capture[]): Promise<Report> {
  const snapshot = wholeSnapshot(captures);
  const messages = await Array.fromAsync(new Copies(captures).messages({ events: MESSAGES, together: 1 }));
  const fromBytes = () => {
    const correlator = new Correlator(new Processes(snapshot), NOWHERE);
    for (const message of messages) {
      const event = decode(message);
      if (event.event !== 'undecodable') correlator.add(event);
    }
    correlator.finish();
  };
  const [whole] = (await race([{ name: 'whole', run: () => timed(fromBytes) }], { units: MESSAGES, ...RACE })) as [Spread];
  const shares = await profile(STEPS, () => {
    for (let round = 0; round < PROFILED_ROUNDS; round++) fromBytes();
  });
  const [decoding = 0, attribution = 0] = shares;
  const rest = shares.reduce((left, share) => left - share, 1);
  const row = (name: string, share: number) => [name, number(share * whole.median), `${Math.round(share * 100)} %`];
  return {
    title: `From bytes to stories: ${MESSAGES.toLocaleString('en-US')} events, median of ${RACE.rounds} rounds; shares by V8's profiler`,
    rows: [
      ['', 'µs an event', 'share'],
      ...STEPS.map(({ name }, nth) => row(name, shares[nth] as number)),
      row('processes, joining, waiting, closing', rest),
      ['whole', us(whole), '100 %'],
    ],
    verdicts: [],
    figures: {
      correlate_whole_us_an_event: whole.median,
      correlate_decode_share: decoding,
      correlate_attribution_share: attribution,
      correlate_attribution_us_an_event: attribution * whole.median,
    },
  };
}

/** One real call and its delivery, opened many times at once and never answered. */
async function memory(captures: readonly Capture[]): Promise<Report> {
  const call = callOf(captures);
  const naive = await heapOf(call, new NaiveCorrelator());
  const ours = await heapOf(call, new Correlator(new Processes(call.snapshot), NOWHERE));
  collectGarbage();
  return {
    title: `Memory of ${OPEN_CALLS.toLocaleString('en-US')} open calls, each published and delivered: the events in them included`,
    rows: [
      ['', 'bytes of heap a call', 'heap in all', 'RSS of this process'],
      ['a Map of calls', number(naive.bytes), megabytes(naive.bytes * OPEN_CALLS), megabytes(naive.rss)],
      ['Correlator', number(ours.bytes), megabytes(ours.bytes * OPEN_CALLS), megabytes(ours.rss)],
    ],
    verdicts: [],
    figures: { correlate_bytes_an_open_call: ours.bytes, correlate_naive_bytes_an_open_call: naive.bytes },
  };
}

async function heapOf(call: Capture, correlator: Taker): Promise<{ bytes: number; rss: number }> {
  const before = heapBytes();
  for await (const event of decoded([call], 2 * OPEN_CALLS, OPEN_CALLS)) correlator.add(event);
  const bytes = (heapBytes() - before) / OPEN_CALLS;
  const { rss } = process.memoryUsage();
  correlator.finish();
  return { bytes, rss };
}

async function* decoded(captures: readonly Capture[], events: number, together: number): AsyncGenerator<BrokerEvent> {
  for await (const tapped of new Copies(captures).messages({ events, together })) {
    const event = decode(tapped);
    if (event.event !== 'undecodable') yield event;
  }
}

function callOf(captures: readonly Capture[]): Capture {
  for (const { name, messages, snapshot } of captures) {
    const publish = messages.find((message) => isCall(message, 'publish'));
    const id = publish && uniqueIdOf(publish);
    const deliver = messages.find((message) => isCall(message, 'deliver') && uniqueIdOf(message) === id);
    if (publish !== undefined && deliver !== undefined) return { name, messages: [publish, deliver], snapshot };
  }
  throw new Error('no call in the captures');
}

function isCall(message: TappedMessage, direction: BrokerEvent['event']): boolean {
  const event = decode(message);
  return event.event === direction && event.message.kind === 'call';
}

function uniqueIdOf(message: TappedMessage): string {
  const event = decode(message);
  return event.event === 'undecodable' ? '' : event.message.uniqueId;
}

interface Taker {
  add(event: BrokerEvent): void;
  finish(): void;
}

function feed(correlator: Taker, events: readonly BrokerEvent[]): number {
  return timed(() => {
    for (const event of events) correlator.add(event);
  });
}

interface NaiveCall {
  publish: BrokerEvent | null;
  delivery: BrokerEvent | null;
  reply: BrokerEvent | null;
}

/** The baseline: a call is forgotten once its reply was delivered; anything else is paired by its own id. */
class NaiveCorrelator implements Taker {
  readonly #open = new Map<string, NaiveCall>();

  add(event: BrokerEvent): void {
    const { message } = event;
    const id = message.kind === 'reply' || message.kind === 'call' ? message.msgId : message.uniqueId;
    let call = this.#open.get(id);
    if (call === undefined) {
      call = { publish: null, delivery: null, reply: null };
      this.#open.set(id, call);
    }
    if (message.kind === 'reply') {
      call.reply = event;
      if (event.event === 'deliver') this.#open.delete(id);
    } else if (event.event === 'publish') {
      call.publish = event;
    } else {
      call.delivery = event;
      if (message.kind !== 'call') this.#open.delete(id);
    }
  }

  finish(): void {
    this.#open.clear();
  }
}
