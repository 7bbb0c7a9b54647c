/**
 * `npm run soak -- --for 20m`: the sidecar against a RabbitMQ of its own, with a mixed load, faults and restarts drawn from a seed,
 * and in the end tables of what became of it. Exit code 1 where something does not hold, 2 where it cannot be tried here.
 *
 *   --for DURATION   5m or more: 20m, 2h            [20m]
 *   --rate N         calls a second; others on top  [150]
 *   --seed N         the same seed, the same acts   [by chance]
 *   --logs DIR       the sidecar's logs go there, and the samples of each of its lives
 *   --json           figures and what does not hold, as one line
 *
 * What is done: soak-plan.ts, soak-acts.ts; what must hold: soak-report.ts, soak-report-store.ts. The load is recorded messages of
 * real services, each call a request of its own. Memory is judged by one long life of the sidecar, which
 * needs 26 minutes (`--for 26m`): it grows for the first ten, since casts stay open for so long, and then growth has to be told from noise.
 */
import { parseArgs } from 'node:util';
import { NoBroker } from './live-stage.ts';
import { printReport } from './report.ts';
import { planOf, SECONDS_MIN } from './soak-plan.ts';
import { reportsOf } from './soak-report.ts';
import { soak } from './soak-run.ts';

const text = { type: 'string' } as const;
const { values } = parseArgs({ options: { for: text, rate: text, seed: text, logs: text, json: { type: 'boolean' } } });

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600 };
const SEEDS = 1_000_000;
/** Into a file a line of progress is enough now and then. */
const LINE_MS = 30_000;

const seconds = durationOf(values.for ?? '20m');
const rate = numberOf('rate', values.rate ?? '150');
const seed = numberOf('seed', values.seed ?? String(1 + Math.floor(Math.random() * SEEDS)));

function durationOf(given: string): number {
  const [, value, unit = ''] = /^(\d+(?:\.\d+)?)([smh])$/.exec(given) ?? [];
  const length = Number(value) * (UNITS[unit] ?? 0);
  if (!(length >= SECONDS_MIN)) fail(`--for is a time of ${SECONDS_MIN / 60}m or more: 20m`);
  return length;
}

function numberOf(name: string, given: string): number {
  const value = Number(given);
  if (!(Number.isSafeInteger(value) && value > 0)) fail(`--${name} is a whole number above 0`);
  return value;
}

function fail(message: string): never {
  console.error(`soak: ${message}`);
  process.exit(2);
}

let toldMs = Number.NEGATIVE_INFINITY;
function progress(line: string): void {
  if (process.stderr.isTTY === true) {
    process.stderr.write(`\r\x1b[2K${line.slice(0, (process.stderr.columns ?? 120) - 1)}`);
  } else if (performance.now() - toldMs >= LINE_MS) {
    toldMs = performance.now();
    console.error(`soak: ${line}`);
  }
}

function tellPlan(): void {
  console.error(`soak: ${seconds} s, ${rate} calls a second, --seed ${seed}. Planned:`);
  for (const { kind, atSeconds } of planOf(seconds, seed).acts)
    console.error(`  ${String(Math.round(atSeconds)).padStart(6)} s  ${kind}`);
}

try {
  tellPlan();
  const reports = reportsOf(await soak({ seconds, rate, seed, logs: values.logs ?? null, progress }));
  if (process.stderr.isTTY === true) process.stderr.write('\r\x1b[2K');
  const failed = reports.flatMap(({ verdicts }) => verdicts).filter(({ holds }) => !holds);
  if (values.json === true) {
    const figures = Object.assign({ seconds, rate, seed }, ...reports.map((report) => report.figures));
    console.log(JSON.stringify({ ...figures, failed }));
  } else for (const report of reports) printReport(report);
  if (failed.length > 0) process.exitCode = 1;
} catch (error) {
  if (error instanceof NoBroker) fail(error.message);
  console.error(`soak: ${(error as Error).message}`);
  process.exitCode = 1;
}
