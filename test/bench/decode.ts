/** Decoding: `JSON.parse` twice against the tail scan, by size, and over the captures as they are. */
import type { TappedMessage } from '../../src/message.ts';
import { decompress } from '../../src/oslo/compression.ts';
import { decode, decodeBody } from '../../src/oslo/decode.ts';
import { loadCaptures } from './captures.ts';
import { enlarge } from './enlarge.ts';
import { race, type Spread, timed } from './measure.ts';
import { number, type Report, ratio, us } from './report.ts';

const SAMPLE_MESSAGES = 200;
const MESSAGES_A_ROUND = 10_000;
const RACE = { rounds: 9, warmups: 2 };
const SIZES = [1_000, 3_000, 8_000];
const LARGE_BYTES = 30_000;

export async function benchDecode(): Promise<Report[]> {
  const messages = (await loadCaptures()).flatMap((capture) => capture.messages);
  return [await bySize(messages), await asTheyAre(messages)];
}

async function bySize(messages: readonly TappedMessage[]): Promise<Report> {
  const plain = messages.filter(({ body }) => body[0] === 0x7b);
  const samples = SIZES.map((bytes) => nearest(plain, bytes));
  const large = nearest(plain.filter(isCallPublish), 3_000).map((message) => enlarge(message, LARGE_BYTES));
  const results: (readonly [Spread, Spread, Spread])[] = [];
  for (const sample of [...samples, large]) results.push(await raceSample(sample));
  const [, three, , thirty] = results as [Sized, Sized, Sized, Sized];
  const third = three[1].median / three[0].median;
  const growth = thirty[1].median / three[1].median;
  return {
    title: `Decoding a message: µs, median (least–most) of ${RACE.rounds} rounds; ${SAMPLE_MESSAGES} real messages a size`,
    rows: [
      ['', ...SIZES.map((bytes) => `${bytes / 1000} KB`), `${LARGE_BYTES / 1000} KB`],
      ['JSON.parse twice', ...results.map(([parse]) => us(parse))],
      ['decodeBody', ...results.map(([, scan]) => us(scan))],
      ['decode: headers and resources too', ...results.map(([, , whole]) => us(whole))],
      ['decodeBody is faster by', ...results.map(([parse, scan]) => ratio(parse, scan))],
      ['decode is faster by', ...results.map(([parse, , whole]) => ratio(parse, whole))],
    ],
    verdicts: [
      { claim: `3 KB in at most 1/3 of JSON.parse twice: ${third.toFixed(2)}`, holds: third <= 1 / 3 },
      {
        claim: `30 KB costs at most twice what 3 KB does (JSON.parse: up to seventeen times): ${growth.toFixed(2)}×`,
        holds: growth <= 2,
      },
    ],
    figures: { decode_share_of_parse_3kb: third, decode_growth_3kb_to_30kb: growth },
  };
}

type Sized = readonly [Spread, Spread, Spread];

async function raceSample(sample: readonly TappedMessage[]): Promise<Sized> {
  const repeats = Math.ceil(MESSAGES_A_ROUND / sample.length);
  const contender = (name: string, one: (message: TappedMessage) => unknown) => ({
    name,
    run: () =>
      timed(() => {
        for (let repeat = 0; repeat < repeats; repeat++) for (const message of sample) sink(one(message));
      }),
  });
  const contenders = [
    contender('parse', ({ body }) => parseTwice(body as Buffer)),
    contender('scan', ({ body }) => decodeBody(body as Buffer, 'nova')),
    contender('decode', decode),
  ];
  return (await race(contenders, { units: repeats * sample.length, ...RACE })) as unknown as Sized;
}

/** Every event of every capture, compressed ones included. */
async function asTheyAre(messages: readonly TappedMessage[]): Promise<Report> {
  const over = (name: string, one: (message: TappedMessage) => unknown) => ({
    name,
    run: () =>
      timed(() => {
        for (const message of messages) sink(one(message));
      }),
  });
  const contenders = [over('parse', ({ body, headers }) => parseTwice(inflated(body, headers))), over('decode', decode)];
  const [parse, whole] = (await race(contenders, { units: messages.length, ...RACE })) as [Spread, Spread];
  const perSecond = 1e6 / whole.median;
  return {
    title: `Decoding the captures as they are: ${messages.length.toLocaleString('en-US')} events`,
    rows: [
      ['', 'µs an event', 'events/s of one core'],
      ['JSON.parse twice', us(parse), number(1e6 / parse.median)],
      ['decode', us(whole), number(perSecond)],
      ['faster by', ratio(parse, whole), ''],
    ],
    verdicts: [],
    figures: { decode_us_an_event: whole.median, decode_events_per_second: perSecond },
  };
}

/** The baseline: the same few fields. */
function parseTwice(body: Buffer): unknown {
  const outer = JSON.parse(body.toString('utf8'));
  const m = typeof outer['oslo.message'] === 'string' ? JSON.parse(outer['oslo.message']) : outer;
  const ids = { uniqueId: m._unique_id, msgId: m._msg_id, replyQueue: m._reply_q };
  const context = { requestId: m._context_request_id, globalRequestId: m._context_global_request_id, user: m._context_user_id };
  const target = { method: m.method, namespace: m.namespace, version: m.version };
  return {
    ...ids,
    ...context,
    ...target,
    eventType: m.event_type,
    publisher: m.publisher_id,
    failure: m.failure,
    ending: m.ending,
  };
}

interface Headers {
  readonly properties?: { readonly headers?: { readonly compression?: unknown } };
}

function inflated(body: Uint8Array, headers: unknown): Buffer {
  return decompress(body as Buffer, (headers as Headers).properties?.headers?.compression) as Buffer;
}

function nearest(messages: readonly TappedMessage[], bytes: number): TappedMessage[] {
  return messages.toSorted((a, b) => Math.abs(a.body.length - bytes) - Math.abs(b.body.length - bytes)).slice(0, SAMPLE_MESSAGES);
}

function isCallPublish({ routingKey, body }: TappedMessage): boolean {
  return (
    routingKey.startsWith('publish.') &&
    (body as Buffer).includes('\\"_msg_id\\"') &&
    (body as Buffer).includes('\\"args\\": {\\"')
  );
}

let kept: unknown;

/** So that no result is optimized away. */
function sink(value: unknown): void {
  kept = value;
}

export function lastDecoded(): unknown {
  return kept;
}
