/** Payloads of the AsyncAPI document: the keys that oslo.messaging writes, and `args` as it was observed. */
import type { CatalogArgument, CatalogMethod } from '../queries/catalog.ts';

type Json = Readonly<Record<string, unknown>>;

const HEX_ID = { type: 'string', pattern: '^[0-9a-f]{32}$' };

/** What every request has. Keys `_context_*`, the request's context, come besides. Source: oslo.messaging's `_drivers/amqp.py`, `rpc/client.py`. */
export function castPayload(method: CatalogMethod): Json {
  return requestPayload(method, {}, []);
}

/** A call says where its answer goes. */
export function callPayload(method: CatalogMethod): Json {
  const own = { _msg_id: HEX_ID, _reply_q: { type: 'string' }, _timeout: { type: ['number', 'null'] } };
  return requestPayload(method, own, ['_msg_id', '_reply_q']);
}

/** Source: `_drivers/amqpdriver.py`, AMQPIncomingMessage._send_reply. */
export function replyPayload(): Json {
  return {
    type: 'object',
    properties: {
      result: { description: 'What the method returned.' },
      failure: { type: ['string', 'null'], description: 'JSON of the exception that came back.' },
      ending: { type: 'boolean', description: 'False: the server still works on it.' },
      _msg_id: HEX_ID,
      _unique_id: HEX_ID,
    },
    required: ['_msg_id', '_unique_id'],
  };
}

function requestPayload(
  { method, namespace, version, arguments: given }: CatalogMethod,
  own: Json,
  needed: readonly string[],
): Json {
  return {
    type: 'object',
    properties: {
      method: { const: method },
      args: argsSchema(given),
      ...(namespace === null ? {} : { namespace: { const: namespace } }),
      ...(version === null ? {} : { version: { const: version } }),
      ...own,
      _unique_id: HEX_ID,
    },
    required: [
      'method',
      'args',
      ...(namespace === null ? [] : ['namespace']),
      ...(version === null ? [] : ['version']),
      ...needed,
      '_unique_id',
    ],
  };
}

function argsSchema({ read, names }: CatalogMethod['arguments']): Json {
  if (read === 0) return { type: 'object', description: 'Not read: of large messages only some are.' };
  // As a property's name `__proto__` means something else to the tools that read this.
  const named = names.filter(({ name, types }) => name !== '__proto__' && !types.includes('any'));
  const required = named.filter(({ share }) => share === 1).map(({ name }) => name);
  return {
    type: 'object',
    properties: Object.fromEntries(named.map((argument) => [argument.name, typeSchema(argument)])),
    ...(required.length === 0 ? {} : { required }),
  };
}

const OBJECT = /^object<(.*)>$/s;

function typeSchema({ types }: CatalogArgument): Json {
  const objects = types.flatMap((type) => OBJECT.exec(type)?.[1] ?? []);
  const plain = [...new Set(types.map((type) => (OBJECT.test(type) ? 'object' : type)))].sort();
  return {
    type: plain.length === 1 ? plain[0] : plain,
    ...(objects.length === 0 ? {} : { 'x-versioned-objects': objects.toSorted() }),
  };
}
