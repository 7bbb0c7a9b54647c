/** One file for the sidecar and for what goes with it: checked without a connection, read by run, record, replay and tap. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { describeWithBroker } from '../support/broker.ts';
import { capturePath } from '../support/captures.ts';
import { oslotap, ROOT, scratch, startOslotap } from '../support/cli.ts';
import { Sidecar, until } from '../support/sidecar.ts';

const LONG = { timeout: 120_000 };

function config(lines: readonly string[], folder: string = scratch()): string {
  const file = join(folder, 'oslotap.yaml');
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  return file;
}

function check(file: string, args: readonly string[] = [], env: Record<string, string> = {}) {
  return oslotap(['run', '--check-config', '--config', file, ...args], env);
}

describe('run --check-config', () => {
  test('prints what is in force and where it comes from, and touches nothing', async () => {
    const asked: string[] = [];
    const server = createServer((socket) => asked.push(String(socket.remotePort)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const folder = scratch();
    const file = config(
      ['amqp:', `  url: amqp://tap:s3cr3t@127.0.0.1:${port}/`, 'tap:', '  queueLength: 7', `store: chdb:${folder}/data`],
      folder,
    );
    const api = `http://tap:s3cr3t@127.0.0.1:${port}`;
    // Without blocking this process: the server would not see who comes.
    const child = startOslotap(['run', '--check-config', '--config', file, '--calm', '9'], { OSLOTAP_API: api });
    let printed = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0);
    expect(printed.split('\n')).toEqual(
      expect.arrayContaining([
        `  url: amqp://tap:***@127.0.0.1:${port}/ # ${file}:2`,
        `  urls: [http://tap:***@127.0.0.1:${port}] # environment OSLOTAP_API`,
        `  queueLength: 7 # ${file}:4`,
        '  calm: 9 # flag --calm',
        '  lagMax: 5000 # default',
      ]),
    );
    expect(asked).toEqual([]);
    expect(existsSync(join(folder, 'data'))).toBe(false);
  });

  test('prints a configuration that says the same', () => {
    const file = config(['tap: { tier: publish, arm: true }', 'api: { urls: [http://a@h:1, http://b@h:2] }', 'for: 10m']);
    const { stdout, code } = check(file, ['--lag-max', '77']);
    expect(code).toBe(0);
    const again = check(config(stdout.split('\n')));
    const bare = (text: string) => text.replace(/ # .*$/gm, '');
    expect(again).toMatchObject({ code: 0, stderr: '' });
    expect(bare(again.stdout)).toBe(bare(stdout));
    const { stdout: json } = check(file, ['--json']);
    expect(JSON.parse(json)).toMatchObject({
      'tap.tier': { value: 'publish', origin: `${file}:1` },
      'log.level': { value: 'info', origin: 'default' },
    });
  });

  test('takes the annotated example as it is', () => {
    expect(check(join(ROOT, 'docs/oslotap.example.yaml'))).toMatchObject({ code: 0, stderr: '' });
  });

  test('lists all that is wrong with what is written, a line each', () => {
    const file = config(['tap:', '  queueLenght: 5', '  tier: loud', 'amqp: { user: tap, passwordFile: /nowhere }']);
    const env = { OSLOTAP_PREFETCH: '-1' };
    expect(check(file, ['--calm', 'x'], env)).toEqual({
      code: 2,
      stdout: '',
      stderr: [
        `${file}:2: tap.queueLenght: unknown key; did you mean queueLength?`,
        `${file}:3: tap.tier: it is full, publish, off or requests`,
        'OSLOTAP_PREFETCH: it is a whole number from 0 to 65535',
        '--calm: it is a whole number from 1',
      ]
        .map((line) => `oslotap: ${line}\n`)
        .join(''),
    });
    const { code, stderr } = oslotap(['run', '--config', file]);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: `oslotap: ${file}:2: tap.queueLenght: unknown key; did you mean queueLength? (and 1 more: oslotap run --check-config lists them)\n`,
    });
  });

  test('lists all that is wrong with what it names', () => {
    const folder = scratch();
    writeFileSync(join(folder, 'empty.pem'), '\n');
    const file = config([
      `tls: { ca: ${folder}/empty.pem }`,
      'operations: /nowhere.json',
      'store: postgres://u:s3cr3t@h/db',
      'otlp: { endpoint: s3cr3t }',
    ]);
    const { code, stdout, stderr } = check(file);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/yaml:1: tls.ca: there is no certificate in it$/),
      expect.stringMatching(/yaml:2: operations: .*no such file$/),
      expect.stringMatching(/yaml:3: store: 'postgres:\/\/u:\*\*\*@h\/db' is not a store/),
      expect.stringMatching(/yaml:4: otlp.endpoint: .*not an http or https URL/),
    ]);
  });

  test.each([
    [['tap: { arm: true }'], /yaml:1: tap.arm: --arm needs --api/],
    [['tap: { kinds: [shovel, firehose] }'], /yaml:1: tap.kinds: --tap shovel goes alone/],
    [['amqp: { url: "amqp://h:x" }'], /yaml:1: amqp.url: there is no host/],
    [['api: { urls: ["http://h:1"] }'], /yaml:1: api.urls: http:\/\/h:1 names no user/],
    [['query: { listen: "0.0.0.0:8124" }'], /yaml:1: query.listen: beyond loopback it needs/],
    [['storms: { webhook: { url: "http://h", ca: /nowhere } }'], /yaml:1: storms.webhook.ca: ENOENT/],
  ])('%j does not go together', (lines, words) => {
    expect(check(config(lines))).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(words) });
  });

  test('warns of a variable that was meant to be one', () => {
    const { code, stderr } = check(config([]), [], { OSLOTAP_AMQPS: 'x' });
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: 'oslotap: OSLOTAP_AMQPS in the environment is no setting; did you mean OSLOTAP_AMQP?\n',
    });
  });

  test('is what --json is for', () => {
    expect(oslotap(['run', '--json'])).toMatchObject({ code: 2, stderr: 'oslotap: --json is for run --check-config\n' });
  });
});

test('the other commands check the whole file, and pass over what they do not need', () => {
  const folder = scratch();
  const file = config([`store: chdb:${folder}/data`, 'query: { passwordFile: /nowhere }', 'tap: { arm: true }'], folder);
  expect(oslotap(['replay', capturePath('delete-1'), '--config', file])).toMatchObject({ code: 0 });
  expect(existsSync(join(folder, 'data'))).toBe(true);
  const wrong = config(['query: { pasword: x }']);
  for (const args of [
    ['replay', capturePath('delete-1')],
    ['record', join(folder, 'x.ndjson.gz')],
    ['tap', 'disarm'],
  ]) {
    expect(oslotap([...args, '--config', wrong])).toMatchObject({
      code: 2,
      stderr: `oslotap: ${wrong}:1: query.pasword: unknown key; did you mean password?\n`,
    });
  }
});

test('what the sidecar needs to connect does not keep tap disarm from its work', () => {
  const folder = scratch();
  const lines = ['amqp: { url: "http://h", user: a, passwordFile: /nowhere }', 'api: { urls: ["http://u:s3cr3t@127.0.0.1:1"] }'];
  const file = config([...lines, `store: chdb:${folder}/data`], folder);
  expect(oslotap(['tap', 'disarm', '--config', file])).toEqual({
    code: 0,
    stdout: '',
    stderr: `oslotap: nothing to put back: ${folder}/data/armed.json names no node\n`,
  });
});

test('where the tap is a shovel, tap asks the broker of the services, unless it is told another', () => {
  const file = config([
    'tap: { kinds: [shovel] }',
    'api: { urls: ["http://u:s3cr3t@127.0.0.1:1"] }',
    'source: { amqp: { url: "amqp://h/cloud" }, api: { urls: ["http://127.0.0.1:2"], user: u, password: s3cr3t } }',
  ]);
  const asked = (...args: string[]) => oslotap(['tap', 'status', '--config', file, ...args]).stderr;
  expect(asked()).toBe('oslotap: http://127.0.0.1:2 cannot be reached: ECONNREFUSED\n');
  expect(asked('--api', 'http://u@127.0.0.1:1')).toBe('oslotap: http://127.0.0.1:1 cannot be reached: ECONNREFUSED\n');
});

await describeWithBroker('one file', {}, (broker) => {
  const PASSWORD = 'p@ss:w/rd %s3cr3t';

  beforeAll(async () => {
    await broker.ctl('add_user', 'sidecar', PASSWORD);
    await broker.ctl('set_user_tags', 'sidecar', 'administrator');
    await broker.ctl('set_permissions', '-p', '/', 'sidecar', '.*', '.*', '.*');
  });

  /** Users and addresses in the file, the password in a file of its own. */
  function place() {
    const folder = scratch();
    const passwordFile = join(folder, 'password');
    writeFileSync(passwordFile, `${PASSWORD}\n`, { mode: 0o400 });
    const bare = (url: string) => url.replace(/\/\/[^@]*@/, '//');
    const credentials = `user: sidecar, passwordFile: ${passwordFile}`;
    const lines = [
      `amqp: { url: "${bare(broker.amqp)}", ${credentials} }`,
      `api: { urls: ["${bare(broker.api)}"], ${credentials} }`,
      `store: chdb:${folder}/data`,
      'log: { format: json }',
      'http: { listen: "127.0.0.1:0" }',
      'query: { listen: "127.0.0.1:0" }',
    ];
    return { folder, lines, file: config(lines, folder) };
  }
  const isTracing = async () => ((await broker.manage('GET', '/api/vhosts/%2F')) as { tracing: boolean }).tracing;

  test('runs the sidecar, and puts back what it switched on when it was killed', LONG, async () => {
    const { folder, file } = place();
    const sidecar = await Sidecar.start(['--config', file, '--arm'], {});
    await until(isTracing, () => 'the firehose was not switched on');
    await sidecar.kill();
    expect(await isTracing()).toBe(true);
    expect(existsSync(join(folder, 'data/armed.json'))).toBe(true);
    const disarmed = oslotap(['tap', 'disarm', '--config', file]);
    expect(disarmed).toMatchObject({ code: 0, stderr: '' });
    expect(await isTracing()).toBe(false);
    const first = sidecar.log.split('\n', 1)[0] ?? '';
    expect(JSON.parse(first)).toMatchObject({ service: 'oslotap' });
    expect(sidecar.log + disarmed.stdout).not.toMatch(/s3cr3t/);
  });

  test('records, with a password from the environment', LONG, async () => {
    const { folder, lines } = place();
    const file = config(
      lines.map((line) => line.replace(/, passwordFile: [^ ]*/, '')),
      folder,
    );
    const capture = join(folder, 'live.ndjson.gz');
    const env = { OSLOTAP_AMQP_PASSWORD: PASSWORD, OSLOTAP_API_PASSWORD: PASSWORD };
    const { code, stderr } = oslotap(['record', capture, '--for', '1s', '--config', file], env);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining(`${capture}: 0 events`) });
    expect(readFileSync(capture).length).toBeGreaterThan(0);
  });

  test('is told where its password is wrong', LONG, () => {
    const { folder, lines } = place();
    const wrong = config(
      lines.map((line) => line.replace(/passwordFile: [^ ]*/, 'password: wrong-s3cr3t')),
      folder,
    );
    const { code, stderr } = oslotap(['run', '--config', wrong, '--store', 'none']);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(/refused user|wrong user or password/) });
    expect(stderr).not.toContain('s3cr3t');
  });
});
