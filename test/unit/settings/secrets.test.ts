/** Passwords from files and the environment, put into URLs, and never into a line. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseAmqpUrl } from '../../../collectors/amqp/url.ts';
import { effectiveJson, effectiveYaml } from '../../../src/settings/effective.ts';
import { maskLine } from '../../../src/settings/mask.ts';
import { readSettings } from '../../../src/settings/read.ts';
import { scratch } from '../../support/cli.ts';

function read(yaml: string, env: Record<string, string> = {}, mode = 0o600) {
  const file = join(scratch(), 'oslotap.yaml');
  writeFileSync(file, yaml);
  chmodSync(file, mode);
  const reading = readSettings({ file, env, flags: new Map() });
  return { ...reading, faults: reading.faults.map((fault) => fault.replace(file, 'oslotap.yaml')) };
}

function secretFile(content: string | Uint8Array, mode = 0o400): string {
  const file = join(scratch(), 'password');
  writeFileSync(file, content);
  chmodSync(file, mode);
  return file;
}

const STRANGE = 'p@ss:w/rd%,ü #?';

test('a password from a file is put into every URL that has none, whatever it holds', () => {
  const file = secretFile(`${STRANGE}\n`);
  const { settings, faults, warnings } = read(`
amqp: { url: "amqp://ctl1:5672,ctl2:5673/cell1", user: "t@p", passwordFile: ${file} }
api: { urls: ["http://ctl1:15672", "https://other@ctl2:15671/prefix"], passwordFile: ${file} }
source: { api: { urls: ["http://reader@src:15672"], passwordFile: ${file} } }
query: { user: reader, passwordFile: ${file} }
`);
  expect({ faults, warnings }).toEqual({
    faults: ['oslotap.yaml:3: api.passwordFile: whose? The URL names no user, and there is no user'],
    warnings: [],
  });
  expect(settings).toBeNull();

  const { settings: whole } = read(`
amqp: { url: "amqp://ctl1:5672,ctl2:5673/cell1", user: "t@p", passwordFile: ${file} }
api: { urls: ["https://other@ctl2:15671/prefix"], passwordFile: ${file} }
query: { user: reader, passwordFile: ${file}, tokenFile: ${file} }
`);
  expect(parseAmqpUrl(whole?.amqp.url ?? '')).toMatchObject({
    hosts: [{ host: 'ctl1' }, { host: 'ctl2', port: 5673 }],
    user: 't@p',
    password: STRANGE,
    vhost: 'cell1',
  });
  const api = new URL(whole?.api.urls[0] ?? '');
  expect([api.username, decodeURIComponent(api.password), api.host, api.pathname]).toEqual([
    'other',
    STRANGE,
    'ctl2:15671',
    '/prefix',
  ]);
  expect(whole?.query).toMatchObject({ password: STRANGE, token: STRANGE });
});

test('a password in the environment is for the broker at the default address too', () => {
  const { settings } = read('', { OSLOTAP_AMQP_USER: 'tap', OSLOTAP_AMQP_PASSWORD: 'x' });
  expect(settings?.amqp.url).toBe('amqp://tap:x@localhost:5672/');
  expect(read('', {}).settings?.amqp.url).toBe('amqp://localhost:5672/');
});

test.each([
  [
    'amqp: { url: "amqp://a:s3cr3t@h/", password: s3cr3t }',
    /^oslotap.yaml:1: amqp.password: the URL holds a password too: give one of them$/,
  ],
  ['amqp: { url: "amqp://a@h/", user: b }', /^oslotap.yaml:1: amqp.user: the URL names a user too: give one of them$/],
  ['amqp: { password: s3cr3t }', /^oslotap.yaml:1: amqp.password: whose\? /],
  ['amqp: { user: a, passwordFile: /nowhere/file }', /^oslotap.yaml:1: amqp.passwordFile: no such file$/],
  ['otlp: { headersFile: /nowhere/file }', /^oslotap.yaml:1: otlp.headersFile: no such file$/],
])('%s is refused', (yaml, words) => {
  const { faults } = read(yaml);
  expect(faults).toEqual([expect.stringMatching(words)]);
  expect(faults.join()).not.toContain('s3cr3t');
});

test.each([
  ['', 'it is empty'],
  ['\n', 'it is empty'],
  ['s3cr3t\ns3cr3t\n', 'it holds more than one line of text'],
  ['s3cr3t\0', 'it holds more than one line of text'],
  [Uint8Array.of(0xff, 0xfe), 'it is not UTF-8'],
  ['s3cr3t'.repeat(1_000), 'it is too large: at most 4096 bytes'],
])('a file with %.20j is no password', (content, words) => {
  const file = secretFile(content);
  expect(read(`amqp: { user: a, passwordFile: ${file} }`).faults).toEqual([`oslotap.yaml:1: amqp.passwordFile: ${words}`]);
});

test('a directory is no password, and a password beside its file is one too many', () => {
  const folder = join(scratch(), 'folder');
  mkdirSync(folder);
  expect(read(`amqp: { user: a, passwordFile: ${folder} }`).faults).toEqual([expect.stringContaining('it is a directory')]);
  const { faults } = read(`amqp: { user: a, passwordFile: ${folder} }`, { OSLOTAP_AMQP_PASSWORD: 's3cr3t' });
  expect(faults).toEqual(['oslotap.yaml:1: amqp.passwordFile: OSLOTAP_AMQP_PASSWORD is given too: give one of them']);
});

test('headers come from a file, one a line', () => {
  expect(
    read(`otlp: { headersFile: ${secretFile('Authorization: Bearer s3cr3t\nx-tenant:  a, b\n')} }`).settings?.otlp.headers,
  ).toEqual([
    ['Authorization', 'Bearer s3cr3t'],
    ['x-tenant', 'a, b'],
  ]);
  const { faults } = read(`otlp: { headersFile: ${secretFile('x: 1\ns3cr3t\n')} }`);
  expect(faults).toEqual([expect.stringMatching(/^oslotap.yaml:1: otlp.headersFile: in its line 2 it is "NAME: VALUE"$/)]);
});

test('what every user of the machine can read is warned of', () => {
  const file = secretFile('x', 0o444);
  expect(read(`amqp: { user: a, passwordFile: ${file} }`).warnings).toEqual([expect.stringContaining(`${file} holds a secret`)]);
  const warned = [
    'amqp: { user: a, password: x }',
    'api: { urls: ["http://a:b@h"] }',
    'query: { token: x }',
    'amqp: { url: "amqp://a@h" }',
  ];
  expect(warned.map((yaml) => read(yaml, {}, 0o644).warnings.length)).toEqual([1, 1, 1, 0]);
  expect(warned.map((yaml) => read(yaml, {}, 0o640).warnings.length)).toEqual([0, 0, 0, 0]);
});

test('a password on a command line is warned of', () => {
  const flags = new Map([['amqp.url', 'amqp://a:s3cr3t@h']]);
  expect(readSettings({ file: null, env: {}, flags }).warnings).toEqual([
    '--amqp shows its password to every user of this machine: put the URL into OSLOTAP_AMQP',
  ]);
});

test.each([
  ['amqp://u:s3cr3t@h:5672/v', 'amqp://u:***@h:5672/v'],
  ['amqp://u:s3cr3t@h1,x:s3cr3t@h2:1/v', 'amqp://u:***@h1,x:***@h2:1/v'],
  ['amqp://u@h1,h2', 'amqp://u@h1,h2'],
  ['amqp://u:s3cr3t@s3cr3t@h', 'amqp://u:***@h'],
  ['amqp://u:s3/cr3t@h/v', 'amqp://u:***@h/v'],
  ['amqp://u:s3cr3t,4@h/v', 'amqp://***'],
  ['amqp://[::1]:5672,[::2]/v', 'amqp://[::1]:5672,[::2]/v'],
])('%s is printed as %s', (url, shown) => {
  const { given } = readSettings({ file: null, env: { OSLOTAP_AMQP: url }, flags: new Map() });
  expect(effectiveYaml(given)).toContain(`  url: ${shown} # environment OSLOTAP_AMQP\n`);
});

test('secrets are printed as ***, wherever they came from', () => {
  const { given, faults } = read(
    'amqp: { user: tap, password: s3cr3t }\nquery: { token: s3cr3t }\notlp: { endpoint: "http://h/?key=s3cr3t" }\nstore: "https://u:s3cr3t@h/db"',
    { OSLOTAP_OTLP_HEADERS: 'authorization: s3cr3t', OSLOTAP_API: 'http://a:1s3cr3t@h', OSLOTAP_SOURCE_AMQP: 'u:s3cr3t@h' },
  );
  expect(faults).toEqual([]);
  const shown = effectiveYaml(given);
  expect(shown).toMatch(/headers: \["authorization: \*\*\*"\] # environment OSLOTAP_OTLP_HEADERS/);
  expect(shown).toMatch(/password: "?\*\*\*"? # .*oslotap.yaml:1/);
  expect(shown + JSON.stringify(effectiveJson(given))).not.toContain('s3cr3t');
});

test('a webhook is printed without its path, which may be a secret, and its token comes from a file', () => {
  const [url, file] = ['https://hooks.example:8443/services/s3cr3t?key=s3cr3t', secretFile('t0k3n\n')];
  const { settings, given, faults } = read(`storms: { webhook: { url: "${url}", tokenFile: ${file} } }`);
  expect(faults).toEqual([]);
  expect(settings?.storms.webhook).toMatchObject({ url, token: 't0k3n' });
  expect(effectiveYaml(given)).toContain('    url: https://hooks.example:8443/*** #');
  expect(effectiveYaml(given) + JSON.stringify(effectiveJson(given))).not.toMatch(/s3cr3t|t0k3n/);
  expect(maskLine(`it goes to ${url}`, given.values())).toBe('it goes to https://hooks.example:8443/***');
});

test('a line for people loses the passwords of the URLs that it repeats', () => {
  const env = { OSLOTAP_STORE: 'postgres://u:s3cr3t@h/d', OSLOTAP_API: 'http://a:s3@cr3t@h' };
  const { given } = readSettings({ file: null, env, flags: new Map() });
  expect(
    maskLine("'postgres://u:s3cr3t@h/d' is not a store: use http://USER:PASSWORD@HOST or http://a:s3@cr3t@h", given.values()),
  ).toBe("'postgres://u:***@h/d' is not a store: use http://USER:PASSWORD@HOST or http://a:***@h");
});
