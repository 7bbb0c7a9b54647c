/** `oslotap run --check-config`: what would be in force, or all that is wrong with it. Connects to nothing, opens and writes nothing. */
import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { TlsMaterial } from '../../collectors/amqp/connect.ts';
import { Misuse, reasonOf } from '../errors.ts';
import { webhookTarget } from '../service/storm-webhook-request.ts';
import { effectiveJson, effectiveYaml } from '../settings/effective.ts';
import type { Reading } from '../settings/read.ts';
import type { Settings } from '../settings/schema.ts';
import { otlpTarget } from '../sinks/otlp/options.ts';
import { parseStore } from '../store/store.ts';
import { readLiveSetUp } from './live-options.ts';
import { readOperations } from './operations-option.ts';
import { readOtlp } from './otlp-options.ts';
import { placing } from './settings-options.ts';
import { readTapPlans } from './tap-plans.ts';
import { readStormWebhook } from './webhook-options.ts';

export interface CheckOptions {
  /** As JSON. */
  readonly isJson: boolean;
}

/** @throws Misuse with the last of what is wrong; the others are said before. */
export function checkConfig(reading: Reading, { isJson }: CheckOptions): void {
  for (const warning of reading.warnings) say(warning);
  const { settings } = reading;
  const faults = settings === null ? reading.faults : CHECKS.flatMap((check) => faultOf(reading, () => check(settings)));
  for (const fault of faults.slice(0, -1)) say(fault);
  const last = faults.at(-1);
  if (last !== undefined) throw new Misuse(last);
  const { given } = reading;
  process.stdout.write(isJson ? `${JSON.stringify(effectiveJson(given))}\n` : effectiveYaml(given));
}

/** What only the parts that use the settings can tell. */
const CHECKS: readonly ((settings: Settings) => unknown)[] = [
  checkTaps,
  readOperations,
  ({ store }) => parseStore(store),
  checkOtlp,
  checkStormWebhook,
];

function checkTaps(settings: Settings): void {
  const setUp = readLiveSetUp(settings, settings.tap.queueExpires * 1_000);
  try {
    checkTls(setUp.tls);
    readTapPlans(settings, setUp).close();
  } finally {
    for (const api of setUp.apis) api.close();
  }
}

function checkTls(tls: TlsMaterial): void {
  try {
    if (tls.ca !== undefined) new X509Certificate(tls.ca);
  } catch {
    throw new Misuse('--ca: there is no certificate in it');
  }
  try {
    createSecureContext(tls);
  } catch {
    throw new Misuse('--cert: it and --key cannot be used: are they PEM, and do they belong together?');
  }
}

function checkOtlp(settings: Settings): void {
  const options = readOtlp(settings);
  if (options !== null) otlpTarget(options);
}

function checkStormWebhook(settings: Settings): void {
  const options = readStormWebhook(settings);
  if (options !== null) webhookTarget(options);
}

function faultOf(reading: Reading, check: () => void): string[] {
  try {
    placing(reading, check);
    return [];
  } catch (error) {
    if (error instanceof Misuse) return [reasonOf(error)];
    throw error;
  }
}

function say(line: string): void {
  process.stderr.write(`oslotap: ${line}\n`);
}
