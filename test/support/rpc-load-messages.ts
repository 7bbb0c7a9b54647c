/**
 * Real messages as stencils: what recorded services sent, to be sent again with ids of its own.
 *
 * The ids are written over the recorded ones, in the bytes, at the same length: everything else of a message stays as it was.
 * Captures hold no secrets, so neither do these.
 */
import { randomFillSync } from 'node:crypto';
import type { MessageKind, Publish } from '../../src/message.ts';
import { decode } from '../../src/oslo/decode.ts';
import { capturePath, tappedOf } from './captures.ts';

/** The ids of one message; what a stencil has no place for is not written. */
export interface Ids {
  readonly uniqueId: string;
  readonly msgId?: string;
  /** `reply_` and 32 hex digits. */
  readonly replyQueue?: string;
  /** `req-<uuid>`; the global request id too. */
  readonly requestId?: string;
}

export interface Stencil {
  readonly kind: MessageKind;
  readonly exchange: string;
  readonly routingKey: string;
  /** Method, or event type of a notification; '' for a reply. */
  readonly method: string;
  /** As recorded; only calls have one. */
  readonly expirationMs: number | null;
  /** A copy of the message with these ids. */
  stamp(ids: Ids): Buffer;
}

export interface CallStencil extends Stencil {
  readonly reply: Stencil;
  /** True where the reply carries an exception. */
  readonly isFailure: boolean;
}

export interface Stencils {
  readonly calls: readonly CallStencil[];
  readonly casts: readonly Stencil[];
  readonly fanouts: readonly Stencil[];
  readonly notifications: readonly Stencil[];
}

const RECORDED = ['boot-1', 'boot-5-multi', 'live-migrate', 'attach-interface'];

/** Every message of these captures that is not compressed; a call only with its reply. */
export async function readStencils(captures: readonly string[] = RECORDED): Promise<Stencils> {
  const published: [Publish, Buffer][] = [];
  for (const name of captures) {
    for (const tapped of await tappedOf(capturePath(name))) {
      const event = decode(tapped);
      if (event.event === 'publish') published.push([event, Buffer.from(tapped.body)]);
    }
  }
  const replies = new Map<string, [Publish, Buffer]>();
  for (const [event, body] of published) {
    if (event.message.kind === 'reply' && event.message.ending) replies.set(event.message.msgId, [event, body]);
  }
  const of = (kind: MessageKind) => published.filter(([event]) => event.message.kind === kind).flatMap(stencilOf);
  const calls = published.flatMap(([event, body]): CallStencil[] => {
    if (event.message.kind !== 'call' || !/^reply_[0-9a-f]{32}$/.test(event.message.replyQueue)) return [];
    const answer = replies.get(event.message.msgId);
    const [call] = stencilOf([event, body]);
    const [reply] = answer === undefined ? [] : stencilOf(answer);
    if (call === undefined || reply === undefined || answer?.[0].message.kind !== 'reply') return [];
    return [{ ...call, reply, isFailure: answer[0].message.failure !== null }];
  });
  return { calls, casts: of('cast'), fanouts: of('fanout'), notifications: of('notification') };
}

/** None where the body is compressed: there are no ids to be seen in it. */
function stencilOf([event, body]: [Publish, Buffer]): Stencil[] {
  const { message, exchange, routingKey, expirationMs } = event;
  const marks: { readonly at: number; readonly id: keyof Ids | 'auditId' }[] = [];
  const mark = (text: string | null, id: keyof Ids | 'auditId') => {
    if (text === null) return;
    for (let at = body.indexOf(text); at !== -1; at = body.indexOf(text, at + 1)) marks.push({ at, id });
  };
  mark(message.uniqueId, 'uniqueId');
  if (marks.length === 0) return [];
  if ('msgId' in message) mark(message.msgId, 'msgId');
  if ('replyQueue' in message) mark(message.replyQueue, 'replyQueue');
  if ('requestId' in message) {
    mark(message.requestId, 'requestId');
    mark(message.globalRequestId, 'requestId');
  }
  if (message.kind === 'notification' && message.audit !== null) {
    mark(message.audit.requestId, 'auditId');
    mark(message.audit.globalRequestId, 'requestId');
  }
  const stamp = (ids: Ids) => {
    const copy = Buffer.allocUnsafe(body.length);
    body.copy(copy);
    // An HTTP request has an id of its own.
    for (const { at, id } of marks) copy.write((id === 'auditId' ? requestIdOf(ids.uniqueId) : ids[id]) ?? '', at, 'latin1');
    return copy;
  };
  return [{ kind: message.kind, exchange, routingKey, method: methodOf(event), expirationMs, stamp }];
}

function methodOf({ message }: Publish): string {
  if (message.kind === 'reply') return '';
  return message.kind === 'notification' ? message.eventType : message.method;
}

const BLOCK_BYTES = 16 * 512;
const block = Buffer.allocUnsafe(BLOCK_BYTES);
let hex = '';
let used = 0;

/** A new uuid4 as oslo.messaging writes it: 32 hex digits. Made 512 at a time: a message needs up to four. */
export function newId(): string {
  if (used >= hex.length) {
    randomFillSync(block);
    for (let at = 0; at < BLOCK_BYTES; at += 16) {
      block[at + 6] = 0x40 | ((block[at + 6] ?? 0) & 0x0f);
      block[at + 8] = 0x80 | ((block[at + 8] ?? 0) & 0x3f);
    }
    hex = block.toString('hex');
    used = 0;
  }
  used += 32;
  return hex.slice(used - 32, used);
}

/** `req-<uuid4>`. */
export function newRequestId(): string {
  return requestIdOf(newId());
}

function requestIdOf(id: string): string {
  return `req-${id.slice(0, 8)}-${id.slice(8, 12)}-${id.slice(12, 16)}-${id.slice(16, 20)}-${id.slice(20)}`;
}
