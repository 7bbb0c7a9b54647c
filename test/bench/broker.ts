/**
 * `npm run bench:broker`: what a tap costs RabbitMQ and its clients, state by state, side by side. About a quarter of an hour.
 *
 *   npm run bench:broker -- [--quick] [--rate 500] [--rounds 3] [--seconds 8] [--json]
 *
 * Calls of recorded services and their replies, nothing else: an RPC is four events of the firehose. States take turns,
 * round after round, so that a noisy machine is noisy to all of them; medians over the rounds. `--quick` is one short
 * round, less than three minutes, for a look.
 */
import { parseArgs } from 'node:util';
import { type Cost, idleShare, measure, type Pace } from './broker-measure.ts';
import { leave, MODES } from './broker-modes.ts';
import { NO_BUSY_WAIT, NoBroker, Stage } from './live-stage.ts';
import { megabytes, number } from './report.ts';

const text = { type: 'string' } as const;
const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    rate: text,
    rounds: text,
    seconds: text,
  },
});
const rounds = atLeastOne('rounds', values.quick ? 1 : 3);
const seconds = atLeastOne('seconds', values.quick ? 3 : 8);
const pace: Pace = { rate: atLeastOne('rate', 500), saturatedSeconds: seconds, windowSeconds: seconds };
const IDLE_SECONDS = 3;
/** Less, and the figures are not of the same rate any more. */
const KEPT_MIN = 0.95;

try {
  await Stage.play(bench);
} catch (error) {
  console.error(`bench:broker: ${(error as Error).message}`);
  process.exitCode = error instanceof NoBroker ? 2 : 1;
}

async function bench(stage: Stage): Promise<void> {
  const costs = MODES.map((): Cost[] => []);
  // Not counted: the first load finds a broker that has not done anything yet.
  await measure(stage, null, 0, { ...pace, saturatedSeconds: 2, windowSeconds: 1 });
  const idle = await idleShare(stage, IDLE_SECONDS);
  for (let round = 0; round < rounds; round++) {
    for (const [index, mode] of MODES.entries()) {
      console.error(`round ${round + 1} of ${rounds}: ${mode.name}`);
      const sidecar = await mode.enter(stage);
      costs[index]?.push(await measure(stage, sidecar, idle, pace));
      await leave(stage, sidecar);
    }
  }
  const medians = costs.map(medianOf);
  if (values.json)
    console.log(JSON.stringify(Object.fromEntries(MODES.map(({ name }, index) => [name, medians[index]])), null, 2));
  else print(medians, idle);
}

function print(costs: readonly Cost[], idle: number): void {
  const [base] = costs as [Cost, ...Cost[]];
  const beside = (value: number, of: number, digits = number) => `${digits(value)} (×${(value / of).toFixed(2)})`;
  const rows = MODES.map(({ name }, index) => {
    const cost = costs[index] as Cost;
    return [
      name + (cost.keptRate < KEPT_MIN ? ' (did not keep the rate)' : ''),
      beside(cost.saturatedRate, base.saturatedRate),
      beside(cost.brokerCpuUs, base.brokerCpuUs),
      beside(cost.p50Ms, base.p50Ms),
      beside(cost.p95Ms, base.p95Ms),
      beside(cost.rssBytes, base.rssBytes, megabytes),
      cost.sidecarCpuUs === 0 ? '' : number(cost.sidecarCpuUs),
    ];
  });
  const head = [
    '',
    'RPC/s, saturated',
    'broker CPU, µs an RPC',
    'p50, ms',
    'p95, ms',
    'broker RSS, saturated',
    'sidecar CPU, µs an RPC',
  ];
  console.log(
    [head, head.map((_, index) => (index === 0 ? '---' : '---:')), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n'),
  );
  console.log(
    `\nCPU and latency at ${pace.rate} RPC/s for ${seconds} s, medians of ${rounds} ${rounds === 1 ? 'round' : 'rounds'}; × beside no tracing. ` +
      `Erlang without busy waiting (${NO_BUSY_WAIT}); its CPU when idle, ${(idle * 100).toFixed(1)} % of a core, is taken off. ` +
      'RSS: Erlang keeps for a while what an earlier state made it take.',
  );
}

function medianOf(costs: readonly Cost[]): Cost {
  const median = (of: (cost: Cost) => number) => costs.map(of).toSorted((a, b) => a - b)[costs.length >> 1] ?? 0;
  return {
    saturatedRate: median((cost) => cost.saturatedRate),
    brokerCpuUs: median((cost) => cost.brokerCpuUs),
    sidecarCpuUs: median((cost) => cost.sidecarCpuUs),
    p50Ms: median((cost) => cost.p50Ms),
    p95Ms: median((cost) => cost.p95Ms),
    rssBytes: median((cost) => cost.rssBytes),
    keptRate: median((cost) => cost.keptRate),
  };
}

function atLeastOne(name: 'rate' | 'rounds' | 'seconds', byDefault: number): number {
  const value = Number(values[name] ?? byDefault);
  if (value >= 1) return value;
  console.error(`bench:broker: --${name} has to be a number from 1`);
  process.exit(2);
}
