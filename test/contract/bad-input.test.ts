/** Whatever a user gives it: one clear line, and the right exit code. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { capturePath } from '../support/captures.ts';
import { oslotap, type Ran, scratch, startOslotap } from '../support/cli.ts';

const BOOT = capturePath('boot-1');
const BOOT_REQUEST = 'req-707e4331-827d-4eb7-9933-1ef7a3949adb';

/** Exit code, nothing on stdout, and the line (without its "oslotap: "). */
function failure({ code, stdout, stderr }: Ran): [number | null, string] {
  expect(stdout).toBe('');
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  return [code, stderr.trimEnd().replace(/^oslotap: /, '')];
}

function replay(file: string, store = `chdb:${scratch()}/data`): Ran {
  return oslotap(['replay', file, '--store', store]);
}

function fileOf(content: string | Buffer, name = 'capture.ndjson'): string {
  const path = join(scratch(), name);
  writeFileSync(path, content);
  return path;
}

describe('replay of', () => {
  test('no such file', () => {
    expect(failure(replay('/nowhere/boot.ndjson.gz'))).toEqual([2, '/nowhere/boot.ndjson.gz: no such file']);
  });

  test('a directory', () => {
    const directory = scratch();
    expect(failure(replay(directory))).toEqual([2, `${directory} is a directory: name a capture, X.ndjson.gz`]);
  });

  test('an empty file', () => {
    const file = fileOf('');
    expect(failure(replay(file))).toEqual([1, `${file} is empty: there is no event in it`]);
  });

  test('a text that is no capture', () => {
    const file = fileOf('Dear all,\nplease find attached\n');
    expect(failure(replay(file))).toEqual([1, `${file} is not a capture: line 1 is not JSON`]);
  });

  test('JSON that is no capture', () => {
    const file = fileOf('{"hello": "world"}\n');
    expect(failure(replay(file))).toEqual([1, `${file} is not a capture: line 1 is no ts in nanoseconds`]);
  });

  test('bytes that are no capture, however many', () => {
    const file = fileOf(Buffer.alloc(3_000_000, 'a\n'));
    expect(failure(replay(file))).toEqual([1, `${file} is not a capture: line 1 is not JSON`]);
  });

  test('something that only begins as gzip does', () => {
    const file = fileOf(Buffer.concat([Buffer.from([0x1f, 0x8b]), Buffer.alloc(100, 'x')]), 'capture.ndjson.gz');
    expect(failure(replay(file))).toEqual([1, `${file} is not a capture: the gzip data is damaged (Z_DATA_ERROR) after line 0`]);
  });

  test('half a gzip: what stands before the cut is stored, and the exit code says that it is not all', () => {
    const whole = readFileSync(BOOT);
    const file = fileOf(whole.subarray(0, whole.length / 2), 'half.ndjson.gz');
    const store = `chdb:${scratch()}/data`;
    const { code, stderr } = replay(file, store);
    expect(code).toBe(1);
    expect(stderr).toMatch(/ the gzip data ends in the middle, after line \d+: what stands before it was used\n$/);
    expect(JSON.parse(oslotap(['requests', '--all', '--json', '--store', store]).stdout).length).toBeGreaterThan(3);
  });

  test('a capture with broken lines: they are named and counted, the rest is read', () => {
    const lines = gunzipSync(readFileSync(BOOT)).toString().trimEnd().split('\n');
    const file = fileOf(
      `${[...lines.slice(0, 9), lines[9]?.slice(0, 80), ...lines.slice(10, 20), '42', ...lines.slice(20)].join('\n')}\n`,
    );
    const { code, stderr } = replay(file);
    expect([code, stderr.split('\n')]).toEqual([
      0,
      [
        `oslotap: ${file}: line 10 passed over: not JSON`,
        `oslotap: ${file}: line 21 passed over: not a JSON object`,
        expect.stringMatching(/: 261 events, \d+ messages, \d+ spans stored, 2 broken lines passed over/),
        '',
      ],
    ]);
  });

  test('a capture whose snapshot is broken: its processes are told from the traffic, and it says so', () => {
    const folder = scratch();
    writeFileSync(join(folder, 'x.ndjson'), gunzipSync(readFileSync(BOOT)));
    writeFileSync(join(folder, 'x.connections.json'), '{');
    const { code, stderr } = replay(join(folder, 'x.ndjson'));
    expect(code).toBe(0);
    expect(stderr).toContain('x.connections.json is not a connections snapshot: processes are told from the traffic instead');
  });
});

describe('the store', () => {
  test('that is none we know', () => {
    expect(failure(oslotap(['requests', '--store', 'sqlite:x']))).toEqual([
      2,
      "--store: 'sqlite:x' is not a store: use chdb:DIRECTORY, http[s]://USER@HOST:8123/DATABASE or none",
    ]);
  });

  test('that is not there yet, for reading', () => {
    const directory = join(scratch(), 'none');
    expect(failure(oslotap(['requests', '--store', `chdb:${directory}`]))).toEqual([
      2,
      `there is no data in ${directory}: 'oslotap run' or 'oslotap replay FILE' brings some, or name another --store`,
    ]);
  });

  test('below a file', () => {
    const file = fileOf('x', 'file');
    expect(failure(replay(BOOT, `chdb:${file}/data`))).toEqual([2, `the data directory ${file}/data cannot be written: ENOTDIR`]);
  });

  test.skipIf(process.getuid?.() === 0)('in a directory without permission', () => {
    const directory = scratch();
    chmodSync(directory, 0o500);
    expect(failure(replay(BOOT, `chdb:${directory}/data`))).toEqual([
      2,
      `the data directory ${directory}/data cannot be written: EACCES`,
    ]);
  });

  test('below /proc, where nothing can be made', () => {
    expect(failure(replay(BOOT, 'chdb:/proc/oslotap/data'))[0]).toBe(2);
  });

  test('that another process writes: its pid', async () => {
    const directory = join(scratch(), 'data');
    const store = ['--store', `chdb:${directory}`];
    expect(oslotap(['migrate', ...store]).code).toBe(0);
    writeFileSync(join(directory, 'oslotap.json'), JSON.stringify({ pid: process.pid, command: 'replay', isWriter: true }));
    const line = `the data directory ${directory} is held by process ${process.pid} (oslotap replay): wait for it to end`;
    expect(failure(oslotap(['replay', BOOT, ...store]))).toEqual([2, line]);
    expect(failure(oslotap(['migrate', ...store]))).toEqual([2, line]);
    expect(failure(oslotap(['requests', ...store]))).toEqual([2, line]);
  });

  test('whose holder is gone is taken over', () => {
    const directory = join(scratch(), 'data');
    mkdirSync(directory);
    const { pid } = spawnSync('true');
    writeFileSync(join(directory, 'oslotap.json'), JSON.stringify({ pid, command: 'replay', isWriter: true }));
    expect(replay(BOOT, `chdb:${directory}`).code).toBe(0);
  });

  test.skipIf(process.getuid?.() !== 0 || process.platform !== 'linux')('on a disk that is full', () => {
    const mount = scratch();
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', mount]);
    if (mounted.status !== 0) return;
    onTestFinished(() => void spawnSync('umount', ['-l', mount]));
    writeFileSync(join(mount, 'filler'), Buffer.alloc(3_600_000));
    const [code, line] = failure(replay(BOOT, `chdb:${mount}/data`));
    expect(code).toBe(1);
    expect(line).toMatch(/space/i);
  });
});

describe('an interrupted replay', () => {
  test('Ctrl-C leaves the store in order and says what to do', async () => {
    const folder = scratch();
    const capture = join(folder, 'long.ndjson');
    const text = gunzipSync(readFileSync(BOOT)).toString();
    writeFileSync(capture, text.repeat(200));
    const store = `chdb:${join(folder, 'data')}`;
    const child = startOslotap(['replay', capture, '--store', store]);
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    while (!existsSync(join(folder, 'data', 'oslotap.json'))) await sleep(20);
    child.kill('SIGINT');
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect([code, stderr]).toEqual([
      1,
      `oslotap: ${capture}: interrupted: what is stored stays, replay it again to complete it\n`,
    ]);
    expect(oslotap(['requests', '--store', store]).code).toBe(0);
  });
});

describe('an id', () => {
  const folder = mkdtempSync(join(tmpdir(), 'oslotap-'));
  const directory = join(folder, 'data');
  const store = ['--store', `chdb:${directory}`];
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('that is unknown: near ones are suggested', () => {
    replay(BOOT, `chdb:${directory}`);
    const [code, line] = failure(oslotap(['show', BOOT_REQUEST.replace('707e', '707f'), ...store]));
    expect([code, line]).toEqual([1, expect.stringMatching(`^req-707f4331-.* is not in the store; near it: ${BOOT_REQUEST},`)]);
  });

  test('that is no id at all', () => {
    expect(failure(oslotap(['show', "'; DROP TABLE oslo_messages; --", ...store]))[0]).toBe(1);
  });

  test('whole, its beginning, or the trace id: the same request', () => {
    const ids = [BOOT_REQUEST, 'req-707e', '707e43', '707e4331827d4eb799331ef7a3949adb', '707e4331-827d-4eb7-9933-1ef7a3949adb'];
    const shown = ids.map((id) => JSON.parse(oslotap(['show', id, '--json', ...store]).stdout).request_id);
    expect(shown).toEqual(ids.map(() => BOOT_REQUEST));
  });

  test('of a request that joined another shows the other', () => {
    const joined = 'req-e9238299-44ae-4333-bd7f-09c872af24a7';
    expect(JSON.parse(oslotap(['show', joined, '--json', ...store]).stdout).request_id).toBe(BOOT_REQUEST);
  });

  test('that means several traces: they are listed, with what they are', () => {
    const { code, stdout, stderr } = oslotap(['show', 'd', ...store]);
    expect([code, stdout, stderr.split('\n').at(-2)]).toEqual([1, '', 'oslotap: d is in 3 traces: show one of them']);
    expect(stderr).toContain('req-d51e32d3-e804-4804-a924-1d3c8ee10384');
  });

  test('of a resource shows the request that was at work on it, not those that only asked', () => {
    const shown = oslotap(['show', '096ddabc-77fb-4477-8595-63c6921f6e66', '--json', ...store]).stdout;
    expect(JSON.parse(shown).request_id).toBe(BOOT_REQUEST);
  });
});

describe('wrong usage', () => {
  test.each([
    [['bogus'], /^unknown command 'bogus'/],
    [['show'], /^missing required argument 'ID'/],
    [['show', 'x', '--stor', 'y'], /^unknown option '--stor' \(Did you mean --store\?\)/],
    [['requests', '--limit', 'many'], /^option '--limit <N>' argument 'many' is invalid. it must be a whole number/],
    [['report', '--format', 'pdf'], /^option '--format <FORMAT>' argument 'pdf' is invalid. Allowed choices are md, html, json/],
    [['messages'], /^messages prints JSON lines only: add --json/],
    [['redact', 'nowhere', 'x.ndjson.gz'], /^nowhere: no such file/],
  ])('%j', (args, line) => {
    expect(failure(oslotap(args))).toEqual([2, expect.stringMatching(line)]);
  });

  test('nothing at all: the help, on stderr', () => {
    const { code, stdout, stderr } = oslotap([]);
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining('Start here:')]);
  });
});
