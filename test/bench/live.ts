/**
 * `npm run bench:live -- SCENARIO`: the sidecar beside a real RabbitMQ under load, and what must hold. Each prints a table; exit
 * code 1 where something does not hold, 2 where it cannot be tried here.
 *
 *   steady       every RPC once, coverage 1; memory, CPU, lag                [--rate 2000] [--seconds 60]
 *   kills        the same, with kill -9 every 10 s                           [--rate 2000] [--seconds 60]
 *   restarts     RabbitMQ restarts twice under load                          [--rate 200] [--seconds 60]
 *   open-calls   calls that wait for their replies hold up nothing           [--rate 200] [--count 10000] [--delay 300]
 *   dead         a sidecar that was killed and never comes back              [--rate 500] [--minutes 10] [--seconds 20]
 *   fuzz         any bytes, any headers                                      [--count 1000000] [--seed N]
 *   store-away   the disk is full for a while                                [--rate 300] [--seconds 60] [--away 20]
 */
import { parseArgs } from 'node:util';
import { dead } from './live-dead.ts';
import { fuzz } from './live-fuzz.ts';
import { openCalls } from './live-open-calls.ts';
import { restarts } from './live-restarts.ts';
import { NoBroker } from './live-stage.ts';
import { steady } from './live-steady.ts';
import { storeAway } from './live-store-away.ts';
import { printReport, type Report } from './report.ts';

const text = { type: 'string' } as const;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rate: text,
    seconds: text,
    count: text,
    delay: text,
    minutes: text,
    seed: text,
    away: text,
    json: { type: 'boolean' },
  },
});

function number(name: 'rate' | 'seconds' | 'count' | 'delay' | 'minutes' | 'seed' | 'away', byDefault: number): number {
  const value = Number(values[name] ?? byDefault);
  if (!(value > 0)) fail(`--${name} has to be a number above 0`);
  return value;
}

const SCENARIOS: Readonly<Record<string, () => Promise<Report | Report[]>>> = {
  steady: () => steady({ rate: number('rate', 2_000), seconds: number('seconds', 60), killEverySeconds: null }),
  kills: () => steady({ rate: number('rate', 2_000), seconds: number('seconds', 60), killEverySeconds: 10 }),
  'open-calls': () =>
    openCalls({ rate: number('rate', 200), count: number('count', 10_000), delaySeconds: number('delay', 300) }),
  dead: () => dead({ rate: number('rate', 500), minutes: number('minutes', 10), seconds: number('seconds', 20) }),
  fuzz: () => fuzz({ count: number('count', 1_000_000), seed: number('seed', 20_261_121) }),
  'store-away': () => storeAway({ rate: number('rate', 300), seconds: number('seconds', 60), awaySeconds: number('away', 20) }),
  restarts: () => restarts({ rate: number('rate', 200), seconds: number('seconds', 60) }),
};

function fail(message: string): never {
  console.error(`bench:live: ${message}`);
  process.exit(2);
}

const [name = ''] = positionals;
const scenario = SCENARIOS[name];
if (scenario === undefined) fail(`name one of: ${Object.keys(SCENARIOS).join(', ')}`);
try {
  for (const report of [await scenario()].flat()) {
    if (values.json === true)
      console.log(JSON.stringify({ ...report.figures, failed: report.verdicts.filter(({ holds }) => !holds) }));
    else printReport(report);
    if (report.verdicts.some(({ holds }) => !holds)) process.exitCode = 1;
  }
} catch (error) {
  if (error instanceof NoBroker) fail(error.message);
  console.error(`bench:live: ${(error as Error).message}`);
  process.exitCode = 1;
}
