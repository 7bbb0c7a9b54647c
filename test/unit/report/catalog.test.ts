/** The catalogue as Markdown and as AsyncAPI: names from the wire are text in it, whatever they are. */
import { Parser } from '@asyncapi/parser';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import type { CatalogMethod } from '../../../src/queries/catalog.ts';
import type { Catalog } from '../../../src/report/catalog.ts';
import { asyncapiOf } from '../../../src/report/catalog-asyncapi.ts';
import { idsOf } from '../../../src/report/catalog-ids.ts';
import { catalogMarkdown } from '../../../src/report/catalog-markdown.ts';

const METHOD: CatalogMethod = {
  exchange: 'nova',
  topic: 'compute',
  namespace: null,
  method: 'build_and_run_instance',
  object: null,
  version: '6.0',
  kind: 'cast',
  messages: 12,
  to_one_server: 12,
  deliveries: 12,
  callers: [{ service: 'nova-conductor', hosts: 3, messages: 12 }],
  servers: [{ service: 'nova-compute', hosts: 9, deliveries: 12 }],
  arguments: {
    read: 10,
    names: [
      { name: 'instance', types: ['object<Instance>'], messages: 10, share: 1 },
      { name: 'node', types: ['string', 'null'], messages: 5, share: 0.5 },
    ],
  },
  bytes: { p50: 16_000, p95: 16_400, max: 17_000 },
  reply_bytes: null,
  answered_ms: null,
  wait_ms: { p50: 0.1, p95: 0.5 },
  ...{ failed: 0, timeouts: 0, open: 0, failures: [] },
  operations: [{ operation: 'server.create', messages: 11 }],
  background: 1,
};

const CALL: CatalogMethod = {
  ...METHOD,
  topic: 'conductor',
  method: 'object_action',
  object: 'Instance.save',
  kind: 'call',
  to_one_server: 0,
  reply_bytes: { p50: 200, p95: 300, max: 400 },
  answered_ms: { p50: 5, p95: 20.5 },
  ...{ failed: 2, timeouts: 1, open: 0, failures: [{ failure: 'nova.exception.InstanceNotFound', messages: 2 }] },
};

const FANOUT: CatalogMethod = { ...METHOD, exchange: 'compute_fanout', kind: 'fanout', to_one_server: 0 };

function catalogOf(...methods: readonly CatalogMethod[]): Catalog {
  const window = { from: '2026-11-21T19:55:42.597680244Z', to: '2026-11-21T20:48:28.061581618Z', messages: 24, hosts: 5 };
  return { made_by: { oslotap: '0.1.0' }, window, coverage: 0.99, since: null, methods, left_out: 0 };
}

const HOSTILE = [
  ['markup', '<script>alert(1)</script>'],
  ['quotes', `"'\``],
  ['pipes and backticks', '``|`|\\'],
  ['newlines', 'a\n\n# b\n| c |'],
  ['ANSI', '\u001b[31mred\u001b[0m'],
  ['a reference', '../#/components/messages/~1~0%'],
  ['braces', '{server}{}'],
  ['10 kB', '<'.repeat(10_000)],
  ['a key of every object', '__proto__'],
  ['a word of YAML', 'on'],
  ['not ASCII', 'é\u202e😀\ud800'],
  ['nothing', ''],
] as const;

/** Everywhere where a name can come from others: what the decoder lets through, and more. */
function hostile(name: string): CatalogMethod[] {
  return [METHOD, CALL, FANOUT].map((method) => ({
    ...method,
    ...{ exchange: name, topic: name, namespace: name, method: name, object: name, version: name },
    callers: [{ service: name, hosts: 1, messages: 1 }],
    servers: [{ service: name, hosts: 1, deliveries: 1 }],
    failures: [{ failure: name, messages: 1 }],
    operations: [{ operation: name, messages: 1 }],
    arguments: { read: 1, names: [{ name, types: [`object<${name}>`], messages: 1, share: 1 }] },
  }));
}

async function faultsOf(text: string): Promise<string[]> {
  const { document, diagnostics } = await new Parser().parse(text);
  return [
    ...(document === undefined ? ['no document'] : []),
    ...diagnostics.map(({ message, path }) => `${path.join('/')}: ${message}`),
  ];
}

describe('as AsyncAPI', () => {
  test('a call, a cast and a fanout are a valid document', async () => {
    expect(await faultsOf(stringify(asyncapiOf(catalogOf(METHOD, CALL, FANOUT))))).toEqual([]);
  });

  test('nothing seen is a valid document', async () => {
    expect(await faultsOf(stringify(asyncapiOf(catalogOf())))).toEqual([]);
  });

  test('a call has a correlation id and the channel of its reply; a cast has neither', async () => {
    const { document } = await new Parser().parse(JSON.stringify(asyncapiOf(catalogOf(METHOD, CALL))));
    const byId = new Map(
      document
        ?.operations()
        .all()
        .map((operation) => [operation.id(), operation]),
    );
    const call = byId.get('nova-conductor-Instance.save-6.0-call.send');
    expect(call?.action()).toBe('send');
    expect(call?.reply()?.channel()?.id()).toBe('reply');
    expect(call?.reply()?.address()?.location()).toBe('$message.payload#/_reply_q');
    expect(call?.messages().all()[0]?.correlationId()?.location()).toBe('$message.payload#/_msg_id');
    const cast = byId.get('nova-compute-build_and_run_instance-6.0-cast.receive');
    expect([cast?.action(), cast?.reply(), cast?.messages().all()[0]?.correlationId()]).toEqual([
      'receive',
      undefined,
      undefined,
    ]);
  });

  test('arguments are properties with their types; those in every message are required', () => {
    const document = JSON.parse(JSON.stringify(asyncapiOf(catalogOf(METHOD))));
    const { payload } = document.components.messages['nova-compute-build_and_run_instance-6.0-cast'];
    expect(payload.properties.args).toEqual({
      type: 'object',
      properties: {
        instance: { type: 'object', 'x-versioned-objects': ['Instance'] },
        node: { type: ['null', 'string'] },
      },
      required: ['instance'],
    });
  });

  test.each(HOSTILE)('names that are %s make a valid document', { timeout: 120_000 }, async (_, name) => {
    const document = asyncapiOf(catalogOf(METHOD, ...hostile(name)));
    expect(await faultsOf(JSON.stringify(document))).toEqual([]);
    const text = stringify(document, { lineWidth: 0, aliasDuplicateObjects: false, compat: 'yaml-1.1' });
    expect(JSON.stringify(parse(text))).toBe(JSON.stringify(document));
  });

  test('names that are alike without what is not plain have ids of their own', () => {
    const keys = [['a b'], ['a_b'], ['a', 'b-c'], ['a-b', 'c'], ['reply'], ['__proto__']];
    const ids = idsOf(keys, ['reply']);
    expect(new Set(ids).size).toBe(keys.length);
    expect(ids[1]).toBe('a_b');
    expect(ids.every((id) => /^[A-Za-z0-9_.-]+$/.test(id))).toBe(true);
    expect(ids).not.toContain('reply');
  });
});

describe('as Markdown', () => {
  test('a method has who calls and serves it, its arguments, figures, operations and failures', () => {
    const text = catalogMarkdown(catalogOf(METHOD, CALL));
    expect(text).toContain('| `conductor` | [`Instance.save`](#m2) | 6.0 | call | 12 | nova-conductor | nova-compute |');
    expect(text).toContain('### <a id="m2"></a>`Instance.save`');
    expect(text).toContain('- cast, version 6.0, to one server');
    expect(text).toContain('- called by nova-conductor (3 hosts) 12');
    expect(text).toContain('- messages by operation: `server.create` 11, in the background 1');
    expect(text).toContain('- 2 came back with an exception, 1 timed out: `nova.exception.InstanceNotFound` 2');
    expect(text).toContain('| `node` | `string`, `null` | 50.0 % |');
    expect(text).toContain('| 12 | 12 | 16.0 kB, 16.4 kB, 17.0 kB | 200 B, 300 B, 400 B | 5.00 ms, 21 ms | 0.10 ms, 0.50 ms |');
    expect(text).toContain('Coverage 99.0 %');
  });

  test.each(HOSTILE)('names that are %s are text in it', (_, name) => {
    const text = catalogMarkdown(catalogOf(...hostile(name)));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    const outside = text.replace(/(`+)(?!`).*?(?<!`)\1(?!`)/g, '');
    expect(outside.replaceAll(/<a id="m\d+"><\/a>/g, '')).not.toContain('<');
    const plain = catalogMarkdown(catalogOf(...hostile('x')));
    expect(text.split('\n').length).toBe(plain.split('\n').length);
    const cells = (line: string) => line.replace(/\\./g, '').split('|').length;
    expect(text.split('\n').map(cells)).toEqual(plain.split('\n').map(cells));
  });

  test('an empty store says so', () => {
    const { window, ...rest } = catalogOf();
    expect(catalogMarkdown({ ...rest, window: { ...window, from: null, to: null } })).toContain('The store is empty.');
  });
});
