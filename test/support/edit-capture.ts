/** A capture as somebody else's cloud might have made it: calls more than were made, arguments of other names. */
import { createHash } from 'node:crypto';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { snapshotPath } from '../../collectors/capture/snapshot.ts';

/** The part of oslo.messaging's body that is edited. */
interface Body {
  readonly method?: string;
  readonly args?: Readonly<Record<string, unknown>>;
  readonly _msg_id?: string;
  readonly _unique_id?: string;
}

interface Event {
  readonly ts: bigint;
  readonly line: Readonly<Record<string, unknown>>;
  readonly body: Body;
  /** The line's payload is another now. */
  readonly isEdited?: true;
}

export interface AddedCall {
  /** Of the first call of this method, and of this object's method where it is one: `['object_action', 'save']`. */
  readonly like: readonly [method: string, objectMethod?: string];
  /** What it is called; as the one that it is like, where this is left out. */
  readonly method?: string;
  /** That one's duration is multiplied by it. @default 1 */
  readonly slower?: number;
}

export interface RenamedArgument {
  readonly method: string;
  readonly from: string;
  readonly to: string;
}

export interface CaptureEdits {
  readonly calls?: readonly AddedCall[];
  readonly renamed?: readonly RenamedArgument[];
}

/** Writes an edited copy of a capture, and its connections beside it. Each call that is added has its publish, its delivery, its reply and that one's delivery. */
export function editCapture(from: string, to: string, { calls = [], renamed = [] }: CaptureEdits): void {
  let events = eventsOf(from);
  for (const [index, call] of calls.entries()) events = [...events, ...addedEvents(events, call, `${index}`)];
  for (const argument of renamed) events = events.map((event) => withRenamed(event, argument));
  const sorted = events.toSorted((a, b) => (a.ts < b.ts ? -1 : a.ts > b.ts ? 1 : 0));
  writeFileSync(to, gzipSync(sorted.map((event) => `${JSON.stringify(lineOf(event))}\n`).join('')));
  copyFileSync(snapshotPath(from), snapshotPath(to));
}

function eventsOf(capture: string): Event[] {
  const lines = gunzipSync(readFileSync(capture)).toString().trim().split('\n');
  return lines.map((text) => {
    const line = JSON.parse(text) as { ts: string; payload: string };
    return { ts: BigInt(line.ts), line, body: bodyOf(line.payload) };
  });
}

/** The four events of a call that is like another: as long after that one's answer as its own took, with ids of its own. */
function addedEvents(events: readonly Event[], { like, method, slower = 1 }: AddedCall, seed: string): Event[] {
  const [wanted, objectMethod] = like;
  const model = events.find(
    ({ body }) => body.method === wanted && (objectMethod === undefined || body.args?.objmethod === objectMethod),
  );
  const msgId = model?.body._msg_id;
  if (model === undefined || msgId === undefined) throw new Error(`the capture has no call of ${like.join(' ')}`);
  const own = events.filter(({ body }) => body._msg_id === msgId);
  if (own.length !== 4) throw new Error(`the call has ${own.length} events, not four`);
  const last = own.at(-1)?.ts ?? model.ts;
  const begin = last + (last - model.ts);
  const ids = new Map([msgId, ...own.map(({ body }) => body._unique_id ?? '')].map((id) => [id, idLike(`${id} ${seed}`)]));
  return own.map(({ ts, line, body }) => ({
    isEdited: true,
    ts: begin + BigInt(Math.round(Number(ts - model.ts) * slower)),
    line,
    body: {
      ...body,
      ...(body.method !== undefined && method !== undefined && { method }),
      _msg_id: ids.get(msgId) ?? '',
      _unique_id: ids.get(body._unique_id ?? '') ?? '',
    },
  }));
}

function withRenamed(event: Event, { method, from, to }: RenamedArgument): Event {
  const { body } = event;
  if (body.method !== method || body.args?.[from] === undefined) return event;
  const args = Object.fromEntries(Object.entries(body.args).map(([name, value]) => [name === from ? to : name, value]));
  return { ...event, isEdited: true, body: { ...body, args } };
}

const ENVELOPE = 'oslo.message';

/** Of what is no oslo.messaging of version 2, nothing. */
function bodyOf(payload: string): Body {
  const outer = JSON.parse(payload) as Record<string, unknown>;
  const inner = outer[ENVELOPE];
  return (typeof inner === 'string' ? JSON.parse(inner) : {}) as Body;
}

function lineOf({ ts, line, body, isEdited }: Event): Record<string, unknown> {
  if (isEdited === undefined) return { ...line, ts: String(ts) };
  const outer = JSON.parse(String(line.payload)) as Record<string, unknown>;
  return { ...line, ts: String(ts), payload: pythonJson({ ...outer, [ENVELOPE]: pythonJson(body) }) };
}

/** As Python's json.dumps writes it, which is a little longer. */
function pythonJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, member]) => `${JSON.stringify(key)}: ${pythonJson(member)}`);
  return `{${members.join(', ')}}`;
}

function idLike(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
