/** Whatever stands in a file or in the environment: lines, never a crash; what is in force can be read again; no secret is told. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Misuse } from '../../../src/errors.ts';
import { effectiveJson, effectiveYaml } from '../../../src/settings/effective.ts';
import type { Leaf } from '../../../src/settings/leaf.ts';
import { type Reading, readSettings, settingsOf } from '../../../src/settings/read.ts';
import { LEAVES, type Settings } from '../../../src/settings/schema.ts';
import { ROOT, scratch } from '../../support/cli.ts';
import { SEED } from '../../support/oslo-bodies.ts';

const runs = { seed: SEED, numRuns: 600 };
const EXAMPLE = readFileSync(join(ROOT, 'docs/oslotap.example.yaml'), 'utf8');

function place(): string {
  return join(scratch(), 'oslotap.yaml');
}

function readText(file: string, yaml: string | Uint8Array, env: Record<string, string> = {}): Reading {
  writeFileSync(file, yaml, { mode: 0o600 });
  return readSettings({ file, env, flags: new Map() });
}

/** The example with everything in it switched on, cut and patched somewhere: nearer to what people write than any text. */
const nearlyExample = fc
  .record({ at: fc.nat(EXAMPLE.length), length: fc.nat(30), patch: fc.string({ maxLength: 12 }), isOn: fc.boolean() })
  .map(({ at, length, patch, isOn }) => {
    const text = `${EXAMPLE.slice(0, at)}${patch}${EXAMPLE.slice(at + length)}`;
    return isOn ? text.replace(/^( *)#(\w+:)/gm, '$1$2') : text;
  });

const yamlText = fc.oneof(
  nearlyExample,
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ unit: fc.constantFrom(...'amqp:tl \n\t-[]{}&*!|>\'"#%@`,?<=~0'), maxLength: 60 }),
  fc.json().map((json) => `{"tap": ${json}, "amqp": {"url": ${json}, "vhosts": ${json}}}`),
);

const anyEnvironment = fc.dictionary(
  fc.oneof(
    fc.constantFrom(...LEAVES.map(({ variable }) => variable)),
    fc.string({ maxLength: 8 }).map((name) => `OSLOTAP_${name}`),
  ),
  fc.oneof(fc.string({ maxLength: 20 }), fc.constantFrom('1', '0', 'off', '/', 'amqp://a@b', '60s')),
  { maxKeys: 4 },
);

test('any text and any environment give settings, or lines of what is wrong', () => {
  const file = place();
  fc.assert(
    fc.property(yamlText, anyEnvironment, (yaml, env) => {
      const reading = readText(file, yaml, env);
      for (const line of [...reading.faults, ...reading.warnings]) expect(line).toMatch(/^[^\n\r]+$/u);
      expect(reading.settings === null).toBe(reading.faults.length > 0);
      if (reading.settings === null) expect(() => settingsOf(reading)).toThrow(Misuse);
      else expect(effectiveYaml(reading.given)).toMatch(/^amqp:\n/);
    }),
    runs,
  );
});

test('any bytes are no crash', () => {
  const file = place();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      expect(readText(file, bytes).faults.join()).not.toContain('\n');
    }),
    runs,
  );
});

/** Something that the schema takes. */
function takenBy(leaf: Leaf): fc.Arbitrary<unknown> {
  if (leaf.kind === 'flag') return fc.boolean();
  if (leaf.kind === 'number') return fc.oneof(fc.integer({ min: 0, max: 70_000 }), fc.constant(leaf.byDefault));
  const one = oneOf(leaf);
  return leaf.kind === 'list' ? fc.array(one, { maxLength: 3 }) : one;
}

const DURATIONS = ['for', 'storms.warmUp', 'storms.hold', 'storms.webhook.timeout'];

function oneOf({ choices, path, isUrl }: Leaf): fc.Arbitrary<string> {
  if (choices.length > 0) return fc.constantFrom(...choices);
  if (path.endsWith('listen')) return fc.constantFrom('off', '127.0.0.1:0', '[::1]:65535', 'localhost:1');
  if (DURATIONS.includes(path)) return fc.constantFrom('60s', '0.5m', '1m');
  if (path.startsWith('ttl.')) return fc.constantFrom('12h', '30d', '52w', 'none');
  if (path === 'clickhouse.cluster') return fc.constantFrom('cloud', '_a.b-1');
  const name = fc.string({ unit: 'binary', minLength: 1, maxLength: 12 });
  return isUrl === true ? name.map((part) => `http://h:1/${part.replace(/[@?,/]/g, '')}`) : name;
}

/** Secrets are not printed, and so not read again; files would have to be there. */
const OPEN = LEAVES.filter(
  ({ isSecret, hasSecretPath, path }) => !isSecret && !hasSecretPath && !/^query\.(?!listen)|user$|File$/i.test(path),
);

const settingsText: fc.Arbitrary<string> = fc
  .subarray(OPEN)
  .chain((leaves) =>
    fc.tuple(
      ...leaves.map((leaf) =>
        takenBy(leaf)
          .filter((value) => leaf.schema.safeParse(value).success)
          .map((value) => ({ leaf, value })),
      ),
    ),
  )
  .map((rows) => {
    const root: Record<string, unknown> = {};
    for (const { leaf, value } of rows) {
      const parts = leaf.path.split('.');
      const below = parts.slice(0, -1).reduce((at, part) => {
        at[part] ??= {};
        return at[part] as Record<string, unknown>;
      }, root);
      below[leaf.key] = value;
    }
    return JSON.stringify(root);
  });

test('what is printed as in force says the same when it is read', () => {
  const file = place();
  fc.assert(
    fc.property(settingsText, (yaml) => {
      const first = readText(file, yaml);
      expect(first.faults).toEqual([]);
      const second = readText(file, effectiveYaml(first.given));
      expect(second.faults).toEqual([]);
      expect(second.settings).toEqual(first.settings satisfies Settings | null);
      const valuesOf = ({ given }: Reading) => Object.entries(effectiveJson(given)).map(([path, { value }]) => [path, value]);
      expect(valuesOf(second)).toEqual(valuesOf(first));
    }),
    { ...runs, numRuns: 300 },
  );
});

/** Never as a part of anything else. */
const SECRET = 's3cr3t';
const secret = fc.constantFrom(
  SECRET,
  `${SECRET}: [`,
  `a/${SECRET}`,
  `"${SECRET}`,
  `${SECRET}@x`,
  `${SECRET} # y`,
  `*${SECRET}`,
  `%${SECRET}`,
);

/** A secret where one belongs, or where it was put by mistake: in a value that is none of that type, in a broken file. */
const planted = fc
  .record({ secret, leaf: fc.constantFrom(...LEAVES), way: fc.nat(5), cut: fc.nat(60) })
  .map(({ secret, leaf, way, cut }) => {
    const url = `amqp://u:${secret}@h:1/`;
    const isOpen =
      leaf.isSecret !== true &&
      leaf.isUrl !== true &&
      leaf.choices.length === 0 &&
      (leaf.kind === 'text' || leaf.kind === 'list');
    // A name or a file is shown as it is; but not if it is a URL.
    const value = isOpen || leaf.isUrl === true ? url : leaf.path === 'otlp.headers' ? `Authorization: ${secret}` : secret;
    const inFile = (text: string) =>
      `${leaf.path
        .split('.')
        .map((part, at) => `${'  '.repeat(at)}${part}:`)
        .join('\n')} ${text}\n`;
    if (way === 0) return { yaml: inFile(JSON.stringify(value)), env: {} };
    if (way === 1) return { yaml: inFile(`[${JSON.stringify(value)}, {a: ${JSON.stringify(value)}}]`), env: {} };
    if (way === 2) return { yaml: inFile(value), env: {} };
    if (way === 3) return { yaml: inFile(value).slice(0, cut), env: {} };
    if (way === 4) return { yaml: inFile(`|\n      ${value}\n      ${value}`), env: {} };
    return { yaml: '', env: { [leaf.variable]: value } };
  });

test('a secret is in no line, wherever it stands', () => {
  const file = place();
  fc.assert(
    fc.property(planted, ({ yaml, env }) => {
      const { given, faults, warnings, settings } = readText(file, yaml, env);
      const said = [
        ...faults,
        ...warnings,
        ...(settings === null ? [] : [effectiveYaml(given), JSON.stringify(effectiveJson(given))]),
      ];
      expect(said.join('\n')).not.toContain(SECRET);
    }),
    { ...runs, numRuns: 2_000 },
  );
});
