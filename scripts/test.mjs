/** `npm test`: runs every test; the last line says how many passed and failed. Arguments go to vitest. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'oslotap-test-'));
const outputFile = join(directory, 'result.json');

console.log('running the tests: unit, property, golden, contract, and integration with a real RabbitMQ where it is installed');
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${outputFile}`];
const vitest = ['node_modules/vitest/vitest.mjs', 'run', ...reporters, ...process.argv.slice(2)];
const { status } = spawnSync(process.execPath, vitest, { cwd: root, stdio: 'inherit' });
const result = readResult();
rmSync(directory, { recursive: true, force: true });
const { numPassedTests = 0, numFailedTests = 0, numPendingTests = 0, numFailedTestSuites = 0 } = result;
// A suite that could not even be loaded has no failed test of its own.
const failed = numFailedTests > 0 || numFailedTestSuites === 0 ? numFailedTests : numFailedTestSuites;
console.log(`${numPassedTests} passed, ${failed} failed${numPendingTests > 0 ? `, ${numPendingTests} skipped` : ''}`);
process.exitCode = status ?? 1;

function readResult() {
  try {
    return JSON.parse(readFileSync(outputFile, 'utf8'));
  } catch {
    return { numFailedTests: 1 };
  }
}
