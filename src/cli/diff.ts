/** `oslotap diff A B`: what changed between two sides; a gate for upgrades. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { Failed } from '../errors.ts';
import { renderDiffMarkdown } from '../report/diff-markdown.ts';
import { type Comparison, compareSides } from '../report/diff-sides.ts';
import { renderDiff } from '../report/diff-text.ts';
import { readThreshold, THRESHOLDS, type Thresholds } from '../report/diff-thresholds.ts';
import { loadSide, parseSide, type Side } from './diff-side.ts';
import { readOperations } from './operations-option.ts';
import { type StoreOptions, storeOption } from './store-option.ts';
import { writeOut } from './write-out.ts';

type Format = 'text' | 'md' | 'json';

interface DiffOptions extends StoreOptions {
  readonly operation?: string;
  readonly operations?: string;
  readonly threshold: Thresholds;
  readonly format: Format;
  readonly json?: true;
  readonly output?: string;
}

export function diffCommand(): Command {
  return new Command('diff')
    .description('compare what operations cost: before and after an upgrade, here and there')
    .argument('<A>', 'before: a fingerprint X.json, a capture X.ndjson.gz, a store chdb:DIRECTORY, or a time FROM..TO of --store')
    .argument('<B>', 'after: the same')
    .addOption(storeOption())
    .option('--operation <NAME>', 'of this operation only, such as server.create')
    .option('--operations <FILE>', "a site's own names for requests, for captures: docs/operations.md")
    .addOption(
      new Option('--threshold <NAME=VALUE>', 'from when on it is a regression; may be given several times')
        .argParser(addThreshold)
        .default(THRESHOLDS, 'gained=0 messages=10 slower=20 deliveries=off bytes=off'),
    )
    .addOption(new Option('--format <FORMAT>', 'text, md: Markdown, or json').choices(['text', 'md', 'json']).default('text'))
    .option('--json', 'the same as --format json')
    .option('-o, --output <FILE>', 'write it to a file')
    .addHelpText('after', HELP)
    .action(diff);
}

const HELP = `
What may be compared:
  oslotap diff zed.json epoxy.json                                         two fingerprints ('oslotap fingerprint' makes them)
  oslotap diff before.ndjson.gz after.ndjson.gz                            two captures
  oslotap diff chdb:./before chdb:./after                                  two stores
  oslotap diff 2026-11-20..2026-11-21 2026-11-21..2026-11-22               two days of --store, UTC
  oslotap diff 48h..24h 24h..                                              the day before yesterday's and the last 24 hours
  oslotap diff zed.json 24h.. --threshold messages=25 --threshold slower=off
A time takes the requests that began in it, its end left out.

What varies between the requests of one side is no change: counts have to lie apart, or to differ by a rank test, as latencies
have to (5 %, corrected for how many are tested; at least 8 requests a side). Work that no user asked for is in no operation.

Thresholds: gained (RPCs), messages, deliveries, bytes (% more a request), slower (% longer, significantly); or off.
Exit codes: 0 no regression, 1 a regression (or it failed), 2 wrong usage.`;

async function diff(a: string, b: string, options: DiffOptions): Promise<void> {
  const read = { store: options.store, nowMs: Date.now() };
  const [before, after] = [parseSide(a, read), parseSide(b, read)];
  const operation = options.operation ?? operationOf(before) ?? operationOf(after);
  const operations = readOperations({ operations: options.operations });
  const left = await loadSide(before, operation, operations);
  const right = await loadSide(after, operation, operations);
  const comparison = compareSides(left, right, options.threshold);
  if (comparison.operations.length === 0) throw new Failed(`${left.label} and ${right.label} have no operation in common`);
  writeOut(rendered(comparison, options.json ? 'json' : options.format), options.output);
  const { regressions } = comparison;
  if (regressions.length > 0) throw new Failed(regressionLine(comparison));
}

function rendered(comparison: Comparison, format: Format): string {
  if (format === 'json') return `${JSON.stringify(comparison, null, 2)}\n`;
  return format === 'md' ? renderDiffMarkdown(comparison) : renderDiff(comparison);
}

function regressionLine({ regressions }: Comparison): string {
  const kinds = [...new Set(regressions.map(({ threshold }) => threshold))].join(', ');
  const operations = [...new Set(regressions.map(({ operation }) => operation))].join(', ');
  return `regression beyond ${kinds} in ${operations}`;
}

/** A fingerprint has one operation: the other side is asked for that. */
function operationOf(side: Side): string | null {
  return side.kind === 'fingerprint' ? side.fingerprint.operation : null;
}

function addThreshold(text: string, before: Thresholds): Thresholds {
  const thresholds = readThreshold(text, before);
  if (typeof thresholds === 'string') throw new InvalidArgumentError(thresholds);
  return thresholds;
}
