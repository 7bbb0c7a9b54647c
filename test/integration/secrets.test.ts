/**
 * No secret gets out. The captures' placeholders stand where tokens, passwords, names and free text were: here they are
 * secrets again, each of them one that can be recognised, and nothing of them may be in the data directory, in any
 * column of any table, or in any output.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { CAPTURES, capturePath } from '../support/captures.ts';
import { oslotap, scratch } from '../support/cli.ts';
import { figuresOf } from '../support/figures.ts';
import { dict, envelope, PYTHON } from '../support/oslo-bodies.ts';

/** No identifier: what a dictionary's key looks like otherwise decides whether it is a name of the protocol. */
const MARK = '!S3cr3t';

/** Plain bodies only: a compressed one is opaque to a search and replace. */
const PLAIN = CAPTURES.filter((name) => !name.endsWith('-gzip'));

test('nothing of their secrets is in the store or in any output', { timeout: 240_000 }, async () => {
  const folder = scratch();
  const captures = PLAIN.map((name) => plantedCapture(folder, name));
  const directory = join(folder, 'data');
  const store = ['--store', `chdb:${directory}`];
  const outputs = [
    oslotap(['replay', ...captures, ...store]),
    oslotap(['requests', '--all', '--limit', '0', '--json', ...store]),
    oslotap(['messages', '--json', ...store]),
    oslotap(['report', ...store]),
    oslotap(['report', '--format', 'json', ...store]),
    oslotap(['report', '--format', 'html', ...store]),
    ...['md', 'json', 'asyncapi'].map((format) => oslotap(['catalog', '--format', format, ...store])),
  ];
  for (const { code, stdout, stderr } of outputs) {
    expect(code).toBe(0);
    expect(leaks(stdout + stderr)).toEqual([]);
  }
  const { counts, rows } = await figuresOf(directory);
  expect(counts.oslo_messages).toBeGreaterThan(2_000);
  expect(rows.flatMap(leaks)).toEqual([]);
  expect(filesBelow(directory).filter((file) => readFileSync(file).includes(MARK))).toEqual([]);
});

test.each(PLAIN)('%s: nothing of its secrets is left when it is redacted', (name) => {
  const folder = scratch();
  const redacted = join(folder, 'redacted.ndjson.gz');
  expect(oslotap(['redact', plantedCapture(folder, name), redacted]).code).toBe(0);
  expect(leaks(gunzipSync(readFileSync(redacted)).toString())).toEqual([]);
});

test('of arguments only plain names and types get out: no value, no key of a dictionary, no name that is somebody’s words', () => {
  const nested = dict({ [`${MARK}1`]: `${MARK}2`, list: [`${MARK}3`, dict({ [`${MARK}4`]: 5 })] });
  const named = dict({ 'nova_object.name': `${MARK}6`, 'nova_object.data': nested });
  const args = dict({ password: `${MARK}7`, metadata: nested, instance: named, [`${MARK}8`]: 1, json: `{"a": "${MARK}9"}` });
  const id = '0123456789abcdef0123456789abcdef';
  const context = { _context_request_id: null, _context_global_request_id: null, _context_user: `${MARK}10` };
  const folder = scratch();
  const [capture, store] = [join(folder, 'planted.ndjson'), ['--store', `chdb:${join(folder, 'data')}`]];
  const pairs = Object.entries({ method: 'echo', args, version: '1.0', _unique_id: id, ...context });
  const lines = [PYTHON, { comma: ',', colon: ':', isAscii: false }].map((form, i) => {
    const payload = envelope(pairs, form)
      .toString()
      .replaceAll(id, `${i}${id.slice(1)}`);
    const headers = { exchange_name: 'nova', connection: 'c', channel: 1, routing_keys: ['compute'], vhost: '/', properties: {} };
    return JSON.stringify({ ts: '1800000000000000000', routing_key: 'publish.nova', headers, payload });
  });
  writeFileSync(capture, lines.join('\n'));
  expect(oslotap(['replay', capture, ...store]).code).toBe(0);
  const messages = oslotap(['messages', '--json', ...store]).stdout;
  const told = { json: 'string', password: 'string', metadata: 'object', instance: 'object', '…': 'any' };
  expect(
    messages
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).arguments),
  ).toEqual([told, told]);
  expect(leaks(messages)).toEqual([]);
  expect(filesBelow(join(folder, 'data')).filter((file) => readFileSync(file).includes(MARK))).toEqual([]);
});

/** @returns the path of a capture with secrets in it, its snapshot beside it. */
function plantedCapture(folder: string, name: string): string {
  const { text, planted } = plant(gunzipSync(readFileSync(capturePath(name))).toString());
  expect(planted).toBeGreaterThan(200);
  const snapshot = readFileSync(capturePath(name).replace('.ndjson.gz', '.connections.json'));
  writeFileSync(join(folder, `${name}.connections.json`), snapshot);
  writeFileSync(join(folder, `${name}.ndjson`), text);
  return join(folder, `${name}.ndjson`);
}

/** What stands around each secret that got out: not the whole text, for a failure that can be read. */
function leaks(text: string): string[] {
  return text.match(new RegExp(`.{0,60}${MARK}.{0,10}`, 'g')) ?? [];
}

/** Every placeholder of ten or more x becomes a secret of the same length. */
function plant(text: string): { text: string; planted: number } {
  let planted = 0;
  const changed = text.replace(/x{10,}/g, (placeholder) => {
    planted++;
    return `${MARK}${planted}`.padEnd(placeholder.length, '!').slice(0, placeholder.length);
  });
  return { text: changed, planted };
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
