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
