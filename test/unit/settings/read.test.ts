/** Flag, environment, file, default: which goes before which, and what is said of what is wrong. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readOtlp } from '../../../src/cli/otlp-options.ts';
import { LOG_FORMATS, LOG_LEVELS } from '../../../src/log.ts';
import { located, readSettings, settingsOf } from '../../../src/settings/read.ts';
import { LEAVES, SCHEMA } from '../../../src/settings/schema.ts';
import { OTLP_DEFAULTS } from '../../../src/sinks/otlp/options.ts';
import { DEFAULT_STORE } from '../../../src/store/store.ts';
import { DEFAULT_THRESHOLDS } from '../../../src/storms/thresholds.ts';
import { scratch } from '../../support/cli.ts';

type Sources = Partial<Parameters<typeof readSettings>[0]>;

function read(sources: Sources) {
  return readSettings({ file: null, env: {}, flags: new Map(), ...sources });
}

function fileOf(content: string | Uint8Array, name = 'oslotap.yaml'): string {
  const file = join(scratch(), name);
  writeFileSync(file, content, { mode: 0o600 });
  return file;
}

/** Of a file, without its directory. */
function faultsOf(content: string | Uint8Array): string[] {
  const file = fileOf(content);
  const { faults, settings } = read({ file });
  expect(settings === null).toBe(faults.length > 0);
  return faults.map((fault) => fault.replace(file, 'oslotap.yaml'));
}

/** Files, and what is said of each first. */
const BROKEN: readonly [content: string | Uint8Array, words: string | RegExp][] = [
  ['tap:\n  queueLenght: 5\n', 'oslotap.yaml:2: tap.queueLenght: unknown key; did you mean queueLength?'],
  ['tap:\n  queue-length: 5\n', 'oslotap.yaml:2: tap.queue-length: unknown key; did you mean queueLength?'],
  ['\n\nqueueLength: 5\n', 'oslotap.yaml:3: queueLength: unknown key; did you mean tap.queueLength?'],
  ['amqp:\n  vhost: x\n', 'oslotap.yaml:2: amqp.vhost: unknown key; did you mean vhosts?'],
  ['tpa: {}\n', 'oslotap.yaml:1: tpa: unknown key; did you mean tap?'],
  ['source-amqp: x\n', 'oslotap.yaml:1: source-amqp: unknown key; did you mean source.amqp.url?'],
  ['tap.tier: off\n', 'oslotap.yaml:1: tap.tier: unknown key; it is nested: "tap: { tier:"'],
  ['log: { zebra: 1 }\n', 'oslotap.yaml:1: log.zebra: unknown key; known here: format, level'],
  ['__proto__: { a: 1 }\n', /^oslotap.yaml:1: __proto__: unknown key; known here: amqp/],
  ['"a\\nb": 1\n', /^oslotap.yaml:1: …: unknown key/],
  ['1: 2\n', 'oslotap.yaml:1: a key is a name'],
  ['tap:\n  ? [a, b]\n  : 1\n', 'oslotap.yaml:2: tap: a key is a name'],
  ['tap: 5\n', 'oslotap.yaml:1: tap: it is a section: its keys stand below it, indented'],
  ['tap: []\n', 'oslotap.yaml:1: tap: it is a section: its keys stand below it, indented'],
  ['tap:\n  queueLength: "5"\n', 'oslotap.yaml:2: tap.queueLength: it is a whole number from 1'],
  ['tap:\n  queueLength: {}\n', 'oslotap.yaml:2: tap.queueLength: it is a whole number from 1'],
  ['tap:\n  queueLength: .inf\n', 'oslotap.yaml:2: tap.queueLength: it is a whole number from 1'],
  ['tap:\n  arm: yes\n', 'oslotap.yaml:2: tap.arm: it is true or false'],
  ['amqp:\n  vhosts: /\n', 'oslotap.yaml:2: amqp.vhosts: it is a list: [a, b]'],
  [
    'amqp:\n  vhosts: [/, 5]\n',
    'oslotap.yaml:2: amqp.vhosts[1]: it is text: put it in quotes where it looks like something else',
  ],
  ['amqp:\n  url:\n', 'oslotap.yaml:2: amqp.url: it has no value: give one, or leave the key out'],
  ['tap:\n  arm: true\n  arm: true\n', 'oslotap.yaml:3: this key stands twice'],
  ['tap:\n\tarm: true\n', /^oslotap.yaml:2: a tab: YAML is indented by spaces$/],
  ['a: b: c\n', /^oslotap.yaml:1: a key where none can be/],
  ['tap: {arm: true\n', /^oslotap.yaml:\d: it is indented wrongly, or a bracket before it is not closed/],
  ['tap: "s3cr3t\n', /^oslotap.yaml:\d: something is missing/],
  ['tap: {}\n---\ntap: {}\n', 'oslotap.yaml:2: a second document begins: a configuration is one'],
  ['tap: *nowhere\n', 'oslotap.yaml:1: its aliases (*) lead nowhere, or to too much'],
  ['store: !python/object x\n', 'oslotap.yaml:1: a tag (!) that means nothing here'],
  ['x: &x { arm: true }\ntap:\n  <<: *x\n', /^oslotap.yaml:1: x: unknown key/],
  ['just words\n', 'oslotap.yaml:1: it is a map of sections: "amqp:" and, below it, "url: …"'],
  ['- a\n', 'oslotap.yaml:1: it is a map of sections: "amqp:" and, below it, "url: …"'],
  [Uint8Array.of(0x74, 0xff, 0xfe), 'oslotap.yaml: it is not UTF-8'],
  ['#'.repeat(10_000_000), 'oslotap.yaml: it is too large: at most 262144 bytes'],
  ['['.repeat(200_000), /^oslotap.yaml(:\d+)?: /],
  [`tap: ${'{tap: '.repeat(20_000)}`, /^oslotap.yaml(:\d+)?: /],
];

test('a flag goes before the environment, that before the file, that before the default', () => {
  const file = fileOf('tap: { queueLength: 3 }\nbudget: { calm: 30 }\n');
  const lengthOf = (sources: Sources) => read(sources).settings?.tap.queueLength;
  const env = { OSLOTAP_QUEUE_LENGTH: '2' };
  const flags = new Map([['tap.queueLength', '1']]);
  expect(lengthOf({ file, env, flags })).toBe(1);
  expect(lengthOf({ file, env })).toBe(2);
  expect(lengthOf({ file })).toBe(3);
  expect(lengthOf({})).toBe(200_000);
  expect(read({ file, env, flags }).settings?.budget).toEqual({ ...SCHEMA.parse({}).budget, calm: 30 });
});

test('a list is replaced as a whole, and a yes is undone', () => {
  const file = fileOf('amqp: { vhosts: [a, b] }\ntap: { arm: true, keepQueue: true }\n');
  const { settings } = read({ file, env: { OSLOTAP_VHOST: 'c', OSLOTAP_ARM: '0' }, flags: new Map([['tap.keepQueue', false]]) });
  expect([settings?.amqp.vhosts, settings?.tap.arm, settings?.tap.keepQueue]).toEqual([['c'], false, false]);
});

test.each([
  ['OSLOTAP_ARM', '1', 'tap.arm', true],
  ['OSLOTAP_ARM', 'True', 'tap.arm', true],
  ['OSLOTAP_ARM', 'yes', 'tap.arm', true],
  ['OSLOTAP_ARM', 'no', 'tap.arm', false],
  ['OSLOTAP_ARM', '', 'tap.arm', false],
  ['OSLOTAP_QUEUE_LENGTH', '', 'tap.queueLength', 200_000],
  ['OSLOTAP_API', ' http://a , http://b,', 'api.urls', ['http://a', 'http://b']],
  ['OSLOTAP_FOR', '1.5m', 'for', 90_000],
  ['OSLOTAP_HTTP_LISTEN', 'off', 'http.listen', null],
  ['OSLOTAP_HTTP_LISTEN', '[::1]:0', 'http.listen', { host: '::1', port: 0 }],
  ['OSLOTAP_STORMS', 'no', 'storms.enabled', false],
  ['OSLOTAP_STORMS_FACTOR', '7.5', 'storms.factor', 7.5],
  ['OSLOTAP_STORMS_WARM_UP', '0s', 'storms.warmUp', 0],
  ['OSLOTAP_STORMS_HOLD', '1m', 'storms.hold', 60_000],
  ['OSLOTAP_STORMS_WEBHOOK', 'https://h/a?b', 'storms.webhook.url', 'https://h/a?b'],
  ['OSLOTAP_OTLP_BACKGROUND_RATIO', '0.25', 'otlp.backgroundRatio', 0.25],
  ['OSLOTAP_OTLP_HEADERS', 'x-a: 1,x-b: 2', 'otlp.headers', [['x-a', '1'], ['x-b', '2']]], // biome-ignore format: a row
])('%s=%j: %s is %j', (variable, text, path, expected) => {
  const { settings, faults } = read({ env: { [variable]: text } });
  expect(faults).toEqual([]);
  expect(path.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], settings)).toEqual(expected);
});

test.each([
  ['OSLOTAP_QUEUE_LENGTH', '0', 'it is a whole number from 1'],
  ['OSLOTAP_QUEUE_LENGTH', 'many', 'it is a whole number from 1'],
  ['OSLOTAP_QUEUE_LENGTH', '1e99', 'it is a whole number from 1'],
  ['OSLOTAP_PREFETCH', '70000', 'it is a whole number from 0 to 65535'],
  ['OSLOTAP_ARM', 'maybe', 'it is true or false'],
  ['OSLOTAP_TIER', 'loud', 'it is full, publish, off or requests'],
  ['OSLOTAP_TAP', 'firehose,pigeon', 'it is firehose, shovel or notifications'],
  ['OSLOTAP_FOR', '10', 'it is 60s, 10m or 2h'],
  ['OSLOTAP_FOR', '9999h', 'it is at most 596h'],
  ['OSLOTAP_HTTP_LISTEN', '9718', 'it is HOST:PORT, or off'],
  ['OSLOTAP_HTTP_LISTEN', 'localhost:65536', 'it is HOST:PORT, or off'],
  ['OSLOTAP_STORE', 'a\nb', 'it is text on one line, and not empty'],
  ['OSLOTAP_OTLP_HEADERS', 'bearer', 'it is "NAME: VALUE"'],
  ['OSLOTAP_STORMS_FACTOR', '1', 'it is a number from 1.1 to 10000'],
  ['OSLOTAP_STORMS_FACTOR', 'x', 'it is a number from 1.1 to 10000'],
  ['OSLOTAP_STORMS_HOLD', '0s', 'it is from 1s to 1h'],
  ['OSLOTAP_STORMS_HOLD', '5', 'it is 60s, 10m or 2h'],
  ['OSLOTAP_STORMS_WEBHOOK_TIMEOUT', '2m', 'it is from 1s to 60s'],
  ['OSLOTAP_STORMS_WEBHOOK', 'ftp://h/', 'it is an http or https URL, without a user or a password'],
  ['OSLOTAP_STORMS_WEBHOOK', 'https://u:p@h/', 'it is an http or https URL, without a user or a password'],
])('%s=%j is refused: %s', (variable, text, words) => {
  const { faults, settings } = read({ env: { [variable]: text } });
  expect(settings).toBeNull();
  expect(faults).toEqual([expect.stringMatching(new RegExp(`^${variable}(\\[\\d\\])?: ${words}$`))]);
});

test('a flag that is wrong is named', () => {
  expect(read({ flags: new Map([['tap.queueLength', 'x']]) }).faults).toEqual(['--queue-length: it is a whole number from 1']);
});

describe('a file', () => {
  test.each(BROKEN.map(([content, words]) => ({ words, content })))('is refused: $words', ({ content, words: first }) => {
    const [fault] = faultsOf(content);
    expect(fault).toEqual(typeof first === 'string' ? first : expect.stringMatching(first));
    expect(fault).not.toMatch(/s3cr3t|\n/);
  });

  test('with aliases that grow without end is refused in no time', () => {
    const names = [...'abcdefghij'];
    const bomb = names.map(
      (name, nth) =>
        `- &${name} [${Array(9)
          .fill(nth === 0 ? 'x' : `*${names[nth - 1]}`)
          .join(', ')}]`,
    );
    expect(faultsOf(`amqp:\n  vhosts:\n${bomb.map((line) => `    ${line}`).join('\n')}\n`)).toHaveLength(1);
    expect(faultsOf('amqp: &a\n  vhosts: &b [*b]\n')).toHaveLength(1);
    expect(faultsOf('amqp: &a\n  url: *a\n')).toHaveLength(1);
  });

  test.each(['', '\n# nothing yet\n', '---\n', 'amqp:\n# url: x\n', '\uFEFFtap: { tier: off }\n', '{"log": {"level": "warn"}}'])(
    'that says %j is one',
    (content) => {
      expect(faultsOf(content)).toEqual([]);
    },
  );

  test('that cannot be read is one line', () => {
    const folder = scratch();
    mkdirSync(join(folder, 'folder'));
    const reasons = ['folder', 'missing', 'a\0b', 'x'.repeat(300)].map((name) => read({ file: join(folder, name) }).faults);
    expect(reasons.map(([fault, ...others]) => [fault?.split(': ').at(-1), others.length])).toEqual([
      ['it is a directory', 0],
      ['no such file', 0],
      ['this is no file name', 0],
      ['its name is too long', 0],
    ]);
    expect(read({ file: '/dev/null' }).faults).toEqual(['/dev/null: it is not a regular file']);
  });

  test('is checked as a whole, and a command uses of it what it knows', () => {
    const file = fileOf('log: { level: warn }\nquery: { passwordFile: /nowhere }\n');
    expect(read({ file, paths: ['log.level'] })).toMatchObject({ faults: [], settings: { log: { level: 'warn' }, query: {} } });
    expect(read({ file: fileOf('log: { levle: 1 }\n'), paths: ['store'] }).faults).toHaveLength(1);
    expect(read({ env: { OSLOTAP_TIER: 'loud' }, paths: ['store'] }).faults).toEqual([]);
  });
});

test('all that is wrong is listed, and the first is named', () => {
  const reading = read({ file: fileOf('tap:\n  arm: 1\n  tier: x\n'), env: { OSLOTAP_CALM: '0' } });
  expect(reading.faults).toHaveLength(3);
  expect(() => settingsOf(reading)).toThrow(
    /yaml:2: tap.arm: it is true or false \(and 2 more: oslotap run --check-config lists them\)$/,
  );
});

test('variables that are no setting are warned of, those of others are not', () => {
  const others = {
    OSLOTAP_DEBUG: '1',
    OSLOTAP_CONFIG: '',
    OSLOTAP_PORT_9718_TCP_ADDR: '1',
    OSLOTAP_SERVICE_HOST: '1',
    PATH: '/',
  };
  const { warnings, faults } = read({ env: { ...others, OSLOTAP_QUEUE_LENGHT: '5', OSLOTAP_ZEBRA: '1' } });
  expect(faults).toEqual([]);
  expect(warnings).toEqual([
    'OSLOTAP_QUEUE_LENGHT in the environment is no setting; did you mean OSLOTAP_QUEUE_LENGTH?',
    'OSLOTAP_ZEBRA in the environment is no setting',
  ]);
});

test.each([
  ['127.0.0.1:1', {}, []],
  ['[::1]:1', {}, []],
  ['off', {}, []],
  ['0.0.0.0:1', {}, [/^OSLOTAP_QUERY_LISTEN: beyond loopback it needs/]],
  ['0.0.0.0:1', { OSLOTAP_QUERY_TOKEN: 't' }, []],
  ['0.0.0.0:1', { OSLOTAP_QUERY_USER: 'u', OSLOTAP_QUERY_PASSWORD: 'p' }, []],
  ['127.0.0.1:1', { OSLOTAP_QUERY_USER: 'u' }, [/^OSLOTAP_QUERY_USER: .* belong together/]],
])('queries at %s with %j: %j', (at, env, faults) => {
  expect(read({ env: { OSLOTAP_QUERY_LISTEN: at, ...env } }).faults).toEqual(faults.map((words) => expect.stringMatching(words)));
});

test('a line that names an option names where the setting was given', () => {
  const file = fileOf('tap:\n  tier: requests\n');
  const { given } = read({ file, env: { OSLOTAP_AMQP: 'x' }, flags: new Map([['api.urls', 'y']]) });
  expect(located('--tier requests needs --api: why', given)).toBe(`${file}:2: tap.tier: --tier requests needs --api: why`);
  expect(located('--amqp: not a broker', given)).toBe('OSLOTAP_AMQP: not a broker');
  expect(located('--api: not one', given)).toBe('--api: not one');
  expect(located('tap.tier is wrong', given)).toBe(`${file}:2: tap.tier: tap.tier is wrong`);
  expect(located('store words', given)).toBe('store words');
});

test('no two settings share a flag or a variable, and what stands elsewhere too is the same there', () => {
  const variables = LEAVES.map(({ variable }) => variable);
  expect(new Set(variables).size).toBe(variables.length);
  const options = LEAVES.flatMap(({ option }) => option ?? []);
  expect(new Set(options).size).toBe(options.length);
  const choicesOf = (path: string) => LEAVES.find((leaf) => leaf.path === path)?.choices;
  expect(SCHEMA.parse({}).store).toBe(DEFAULT_STORE);
  expect(readOtlp(SCHEMA.parse({ otlp: { endpoint: 'http://h' } }))).toEqual({ endpoint: 'http://h', ...OTLP_DEFAULTS });
  const { enabled, baseline, webhook, warmUp, hold, ignore: ignored, ...bounds } = SCHEMA.parse({}).storms;
  expect({ ...bounds, ignored, warmUpSeconds: warmUp / 1_000, holdSeconds: hold / 1_000 }).toEqual(DEFAULT_THRESHOLDS);
  expect([enabled, baseline, webhook]).toEqual([true, undefined, { timeout: 5_000 }]);
  expect([choicesOf('log.format'), choicesOf('log.level')]).toEqual([LOG_FORMATS, LOG_LEVELS]);
});
