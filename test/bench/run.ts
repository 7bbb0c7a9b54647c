/**
 * `npm run bench`: how fast, how small, side by side with the naive way. About two minutes.
 *
 *   npm run bench -- [decode] [correlate] [store] [metrics] [storms] [million] [flood] [query] [page] [--events N] [--together N]
 *                    [--floods NAMES] [--share S] [--spans N] [--keep DIR] [--json]
 *
 * `storms`, `million`, `flood`, `query` and `page` run only when they are named. `--together N` lets N of million's copies run at
 * the same time: a stress of the bounds. `--floods calls,lists` runs some of flood's alone, `--share 0.1` with a tenth of their messages.
 */
import { parseArgs } from 'node:util';
import { benchCorrelate } from './correlate.ts';
import { benchDecode } from './decode.ts';
import { benchFlood } from './flood.ts';
import { benchMetrics } from './metrics.ts';
import { benchMillion } from './million.ts';
import { benchPage } from './page.ts';
import { benchQuery } from './query.ts';
import { printReport, type Report } from './report.ts';
import { benchStore } from './store.ts';
import { benchStorms } from './storms.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    events: { type: 'string', default: '1000000' },
    together: { type: 'string', default: '1' },
    floods: { type: 'string', default: '' },
    share: { type: 'string', default: '1' },
    spans: { type: 'string', default: '50000000' },
    keep: { type: 'string', default: '' },
  },
});

const BENCHES: Readonly<Record<string, () => Promise<Report[]>>> = {
  decode: benchDecode,
  correlate: benchCorrelate,
  store: benchStore,
  metrics: benchMetrics,
  storms: benchStorms,
  flood: () => benchFlood({ names: values.floods.split(',').filter((name) => name !== ''), share: Number(values.share) }),
  query: () => benchQuery({ spans: Number(values.spans), keep: values.keep }),
  page: benchPage,
  million: () => benchMillion({ events: Number(values.events), together: Number(values.together) }),
};
const BY_DEFAULT = ['decode', 'correlate', 'store', 'metrics'];

const figures: Record<string, number> = {};
for (const name of positionals.length === 0 ? BY_DEFAULT : positionals) {
  const bench = BENCHES[name];
  if (bench === undefined) throw new Error(`there is no bench '${name}': ${Object.keys(BENCHES).join(', ')}`);
  for (const report of await bench()) {
    Object.assign(figures, report.figures);
    if (!values.json) printReport(report);
    if (report.verdicts.some(({ holds }) => !holds)) process.exitCode = 1;
  }
}
if (values.json) console.log(JSON.stringify(figures, null, 2));
