/** A real call with more in its args: the same message as if its object had many more fields. */
import type { TappedMessage } from '../../src/message.ts';

/** Behind this, args (or the object in them) can take more keys; what names the object stays in front. */
const ROOM = /\\"args\\": \{(?:\\"objinst\\": \{\\"[\w.]+\\": \\"\w+\\", |\\"objname\\": \\"\w+\\", )?/;

export function enlarge(message: TappedMessage, bytes: number): TappedMessage {
  const text = Buffer.from(message.body).toString('utf8');
  const room = ROOM.exec(text);
  if (room === null) throw new Error('a call without args');
  const at = room.index + room[0].length;
  let padding = '';
  for (let field = 0; text.length + padding.length < bytes; field++) padding += `"field_${field}": ${python(fieldOf(field))}, `;
  return { ...message, body: Buffer.from(text.slice(0, at) + padding.replaceAll('"', '\\"') + text.slice(at)) };
}

function fieldOf(field: number): unknown {
  const uuid = `${String(field).padStart(8, '0')}-6353-4527-b871-e2fdb61f79e2`;
  return {
    uuid,
    host: `cmp${field}`,
    size: field * 1024,
    deleted: field % 2 === 0,
    fault: null,
    tags: ['a', 'b', String(field)],
  };
}

/** JSON as Python's json.dumps spaces it. */
function python(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(python).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, item]) => `"${key}": ${python(item)}`)
    .join(', ')}}`;
}
