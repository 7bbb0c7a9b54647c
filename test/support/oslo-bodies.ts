/**
 * Bodies as oslo.messaging writes them, for tests that generate them: JSON in Python's form, inside JSON. An object is a
 * list of pairs, so that keys can come in any order, and twice.
 */
import fc from 'fast-check';

/** A fixed seed: the same bodies in every run. fast-check prints it, and the path to the failing one. */
export const SEED = 20261121;

export class Dict {
  readonly pairs: readonly (readonly [string, Json])[];

  constructor(pairs: readonly (readonly [string, Json])[]) {
    this.pairs = pairs;
  }
}

export type Json = null | boolean | number | string | readonly Json[] | Dict;
export type Pairs = readonly (readonly [string, Json])[];

export function dict(object: Readonly<Record<string, Json>>): Dict {
  return new Dict(Object.entries(object));
}

export interface Form {
  readonly comma: string;
  readonly colon: string;
  readonly isAscii: boolean;
}

export const PYTHON: Form = { comma: ', ', colon: ': ', isAscii: true };

/** As Python's json.dumps; other forms are what other serializers write. */
export function dumps(json: Json, form: Form = PYTHON): string {
  if (typeof json === 'string') return form.isAscii ? asciiString(json) : JSON.stringify(json);
  if (json instanceof Dict) return `{${json.pairs.map((pair) => dumpsPair(pair, form)).join(form.comma)}}`;
  if (Array.isArray(json)) return `[${json.map((item) => dumps(item, form)).join(form.comma)}]`;
  return JSON.stringify(json);
}

function dumpsPair([key, value]: readonly [string, Json], form: Form): string {
  return `${dumps(key, form)}${form.colon}${dumps(value, form)}`;
}

function asciiString(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The envelope around an inner message. */
export function envelope(inner: Pairs, form: Form = PYTHON): Buffer {
  return Buffer.from(dumps(dict({ 'oslo.version': '2.0', 'oslo.message': dumps(new Dict(inner), form) }), form));
}

/** Where, in a body of Python's form, the value of one of the inner message's keys stands: [start, end). */
export function rangeOf(inner: Pairs, key: string): readonly [number, number] {
  const index = inner.findIndex(([name]) => name === key);
  const before = inner.slice(0, index).map((pair) => `${dumpsPair(pair, PYTHON)}, `);
  const head = `{${before.join('')}${dumps(key)}: `;
  const start = Buffer.byteLength(`{"oslo.version": "2.0", "oslo.message": ${asciiString(head).slice(0, -1)}`);
  const value = (inner[index] as readonly [string, Json])[1];
  return [start, start + asciiString(dumps(value)).length - 2];
}

const LOOK_ALIKES = [
  ...['version', '_unique_id', '_msg_id', 'objmethod', 'objinst', 'objname', 'failure', 'timestamp', 'method', 'namespace'],
  ...['args', 'payload', 'result', 'ending', 'oslo.message', '_reply_q', '_context_request_id', 'event_type', 'class'],
];

export const hex32 = fc.uuid({ version: 4 }).map((uuid) => uuid.replaceAll('-', ''));
export const requestId = fc.uuid({ version: 4 }).map((uuid) => `req-${uuid}`);
const nestedMessage = '"}", \\", \\"version\\": \\"1.0\\"';

const text: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme-ascii' }),
  fc.constantFrom('', '\\', '"', '\\"', '}', '"}', '{"a": 1}', '\u0000\n\t\u007f', 'é😀', '\ud800', nestedMessage),
  hex32,
);
const key: fc.Arbitrary<string> = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...LOOK_ALIKES) }, text);
const leaf: fc.Arbitrary<Json> = fc.oneof(
  text,
  fc.constantFrom(null, true, false, 0, -1, 1.5, 1e21, 1e-7),
  fc.integer(),
  fc.constantFrom('1.0', 'm', 'nova'),
);

/** Any JSON, with keys inside it that look like the protocol's own. */
export const anyJson: fc.Arbitrary<Json> = fc.letrec<{ json: Json; dict: Dict }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 5, depthIdentifier: 'json' },
    leaf,
    tie('dict'),
    fc.array(tie('json'), { maxLength: 4, depthIdentifier: 'json' }),
  ),
  dict: dictOf(tie('json')),
})).json;
export const anyDict: fc.Arbitrary<Dict> = dictOf(anyJson);

/** Without a key twice: no serializer writes one. */
function dictOf(value: fc.Arbitrary<Json>): fc.Arbitrary<Dict> {
  return fc
    .uniqueArray(fc.tuple(key, value), { maxLength: 5, selector: ([name]) => name, depthIdentifier: 'json' })
    .map((pairs) => new Dict(pairs));
}

const mostly = <T, U>(usual: fc.Arbitrary<T>, rare: fc.Arbitrary<U>) => fc.oneof({ weight: 9, arbitrary: usual }, rare);
const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { freq: 3 });

export const context: fc.Arbitrary<Pairs> = fc
  .record({
    user: optional(hex32),
    isAdmin: fc.boolean(),
    token: mostly(fc.constantFrom('gAAAAABl-token_', ''), optional(text)),
    requestId: mostly(requestId, text),
    globalRequestId: optional(requestId),
    extra: mostly(fc.constantFrom<Json>(null, [], dict({ version: '1', b: [1, -2.5, dict({})] })), anyJson),
    userId: optional(hex32),
  })
  .map(
    (it): Pairs => [
      ['_context_user', it.user],
      ['_context_is_admin', it.isAdmin],
      ['_context_auth_token', it.token],
      ['_context_request_id', it.requestId],
      ['_context_global_request_id', it.globalRequestId],
      ['_context_extra', it.extra],
      ['_context_user_id', it.userId],
    ],
  );

const identifier = mostly(fc.constantFrom('report_state', 'build_instances', 'echo'), fc.constantFrom('bad name', 'ünicode', ''));
const instance = fc
  .tuple(fc.constantFrom('nova_object', 'versioned_object'), anyJson)
  .map(([family, data]) => dict({ [`${family}.name`]: 'Instance', [`${family}.namespace`]: 'nova', [`${family}.data`]: data }));
const objectArgs: fc.Arbitrary<Dict> = fc
  .tuple(instance, anyDict, anyDict, fc.constantFrom('save', 'get_by_uuid', 'no name'))
  .chain(([objinst, args, kwargs, objmethod]) =>
    fc.shuffledSubarray<readonly [string, Json]>(
      [
        ['objinst', objinst],
        ['objname', 'Service'],
        ['objmethod', objmethod],
        ['args', [args]],
        ['kwargs', kwargs],
      ],
      { minLength: 2 },
    ),
  )
  .map((pairs) => new Dict(pairs));
/** As nova sends them. */
const orderlyObjectArgs: fc.Arbitrary<Dict> = fc
  .tuple(instance, fc.boolean(), anyJson, anyDict)
  .map(([objinst, isInstance, args, kwargs]) =>
    dict({ ...(isInstance ? { objinst } : { objname: 'Service' }), objmethod: 'save', args: [args], kwargs }),
  );

const call: fc.Arbitrary<Pairs> = fc.tuple(hex32, fc.boolean()).map(([msgId, isNamed]) => [
  ['_msg_id', msgId],
  ['_reply_q', isNamed ? 'reply_ctl:nova-conductor:1' : `reply_${msgId}`],
  ['_timeout', null],
]);

export const request: fc.Arbitrary<Pairs> = fc
  .record({
    methodAndArgs: fc.oneof(
      fc.tuple(identifier, anyDict),
      fc.tuple(fc.constantFrom('object_action', 'object_class_action_versions'), fc.oneof(objectArgs, orderlyObjectArgs)),
    ),
    namespace: fc.constantFrom<Pairs>([], [['namespace', 'baseapi']], [['namespace', null]]),
    version: mostly(fc.constantFrom<Pairs>([['version', '1.0']], [['version', 'x 1']]), fc.constant<Pairs>([])),
    call: fc.oneof(call, fc.constant<Pairs>([])),
    uniqueId: hex32,
    context,
  })
  .map(
    ({ methodAndArgs: [method, args], namespace, version, call, uniqueId, context }): Pairs => [
      ['method', method],
      ['args', args],
      ...namespace,
      ...version,
      ...call,
      ['_unique_id', uniqueId],
      ...context,
    ],
  );

const failure = fc.oneof(
  fc.constant(null),
  fc
    .record({ class: fc.oneof(identifier, anyJson), module: fc.constantFrom('nova.exception', '', 'no module'), tb: anyJson })
    .map((it) => dumps(dict(it))),
  anyJson,
);

export const reply: fc.Arbitrary<Pairs> = fc
  .record({ result: anyJson, failure, ending: fc.boolean(), msgId: hex32, uniqueId: hex32 })
  .map(
    (it): Pairs => [
      ['result', it.result],
      ['failure', it.failure],
      ['ending', it.ending],
      ['_msg_id', it.msgId],
      ['_unique_id', it.uniqueId],
    ],
  );

export const notification: fc.Arbitrary<Pairs> = fc
  .record({
    id: fc.uuid(),
    publisher: mostly(fc.constant('nova-compute:cmp1'), text),
    payload: fc.oneof(anyDict, anyJson),
    uniqueId: hex32,
    context,
  })
  .map(
    (it): Pairs => [
      ['message_id', it.id],
      ['publisher_id', it.publisher],
      ['event_type', 'port.create.end'],
      ['priority', 'INFO'],
      ['payload', it.payload],
      ['timestamp', '2026-11-21 19:55:43.882932'],
      ['_unique_id', it.uniqueId],
      ...it.context,
    ],
  );

/** A message of any kind, its keys in the order in which oslo.messaging writes them. */
export const message: fc.Arbitrary<Pairs> = fc.oneof({ weight: 2, arbitrary: request }, reply, notification);
