/** `oslotap fingerprint OPERATION`: what an operation costs, in a file that can be kept and compared. */
import { Command } from 'commander';
import { Failed, Misuse } from '../errors.ts';
import { operationsIn } from '../queries/fingerprint.ts';
import { ALL_OF_TIME, type TimeRange } from '../queries/trace-times.ts';
import { type Fingerprint, fingerprintText } from '../report/fingerprint.ts';
import { makeFingerprint } from '../report/fingerprint-make.ts';
import type { Store } from '../store/store.ts';
import { withCapture } from './capture-store.ts';
import { parseSide, storeLabel } from './diff-side.ts';
import { readOperations } from './operations-option.ts';
import { type StoreOptions, storeOption, withReader } from './store-option.ts';
import { parseRange } from './time-range.ts';
import { version } from './version.ts';
import { writeOut } from './write-out.ts';

interface FingerprintOptions extends StoreOptions {
  readonly between?: string;
  readonly operations?: string;
  readonly output?: string;
}

export function fingerprintCommand(): Command {
  return new Command('fingerprint')
    .description('what an operation costs, in a file that can be kept, passed on and compared')
    .argument('<OPERATION>', "as 'oslotap requests' lists them: server.create")
    .argument('[CAPTURE]', 'of this capture, X.ndjson.gz, rather than of --store')
    .addOption(storeOption())
    .option('--between <FROM..TO>', 'of the requests that began in a time: 2026-11-20..2026-11-21, or 24h..')
    .option('--operations <FILE>', "a site's own names for requests, for a capture: docs/operations.md")
    .option('-o, --output <FILE>', 'write it to a file')
    .addHelpText(
      'after',
      `
It has every count of a request, each RPC with how often a request makes it, its versions, its arguments' names and types and
how long it takes, notifications by event type, and audited HTTP requests. No host, id, address or value is in it.
  oslotap fingerprint server.create -o before.json
  oslotap diff before.json 24h..                        what changed since`,
    )
    .action(fingerprint);
}

async function fingerprint(operation: string, capture: string | undefined, options: FingerprintOptions): Promise<void> {
  const range = options.between === undefined ? ALL_OF_TIME : parseRange(options.between, Date.now());
  const made = await (capture === undefined ? ofStore(operation, range, options) : ofCapture(operation, capture, range, options));
  writeOut(fingerprintText(made), options.output);
}

async function ofStore(operation: string, range: TimeRange, { store, between }: FingerprintOptions): Promise<Fingerprint> {
  const source = between === undefined ? storeLabel(store) : `${storeLabel(store)}, ${between}`;
  return await withReader({ store }, 'fingerprint', (opened) => make(opened, operation, range, source));
}

async function ofCapture(
  operation: string,
  capture: string,
  range: TimeRange,
  { store, operations }: FingerprintOptions,
): Promise<Fingerprint> {
  const side = parseSide(capture, { store, nowMs: Date.now() });
  if (side.kind !== 'capture') throw new Misuse(`${capture} is no capture: name a file X.ndjson.gz`);
  const rules = readOperations({ operations });
  return await withCapture(side.file, rules, (opened) => make(opened, operation, range, side.label));
}

/** @throws Failed where there is no such request, naming the operations that there are. */
async function make(store: Store, operation: string, range: TimeRange, source: string): Promise<Fingerprint> {
  const made = await makeFingerprint(store, { operation, range, source, version: version() });
  if (made !== null) return made;
  const others = await operationsIn(store, range);
  const known = others.length === 0 ? 'there is no API request' : `there are ${others.join(', ')}`;
  throw new Failed(`${source} has no request of '${operation}' that is over; ${known}`);
}
