/**
 * `npm run demo`: a real capture of a VM boot, through the pipeline into embedded ClickHouse, and out as a call tree and
 * a bill. Each step is a command that you can run yourself.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const CAPTURE = 'test/fixtures/captures/boot-1.ndjson.gz';

say('A recording of `openstack server create`: every message that RabbitMQ carried meanwhile, redacted.');
oslotap('replay', CAPTURE);
say('The API requests in it:');
oslotap('requests');
say('What its POST /servers cost:');
oslotap('show', bootRequest());
say('Your own capture: npm run -s oslotap -- replay FILE.ndjson.gz      All commands: npm run -s oslotap -- --help');

function say(text) {
  console.log(`\n${text}\n`);
}

function oslotap(...args) {
  console.log(`$ oslotap ${args.join(' ')}`);
  const { status } = run(args, 'inherit');
  if (status !== 0) process.exit(status ?? 1);
}

/** The id that nova's API returned for the POST. */
function bootRequest() {
  const { stdout } = run(['requests', '--json'], ['ignore', 'pipe', 'inherit']);
  return JSON.parse(stdout).find(({ operation }) => operation === 'server.create').request_id;
}

function run(args, stdio) {
  return spawnSync(process.execPath, ['src/cli/bin.ts', ...args], { cwd: root, stdio, encoding: 'utf8' });
}
