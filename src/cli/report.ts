/** `oslotap report`: operations, their counts and call graphs, background load. */
import { randomBytes } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { Misuse, reasonOf } from '../errors.ts';
import { anonymise } from '../report/anonymise.ts';
import { renderHtml } from '../report/html.ts';
import { renderMarkdown } from '../report/markdown.ts';
import { hostsOf, makeReport, type Report } from '../report/report.ts';
import { type StoreOptions, storeOption, withReader } from './store-option.ts';
import { version } from './version.ts';

interface ReportOptions extends StoreOptions {
  readonly format: 'md' | 'html' | 'json';
  readonly output?: string;
  readonly anonymise?: true;
  readonly anonymiseKeyFile?: string;
}

/** Fewer can be tried out. */
const KEY_BYTES_MIN = 16;
const KEY_BYTES_MAX = 4_096;
/** The mode of a file that everybody can read. */
const PUBLIC = 0o004;

export function reportCommand(): Command {
  return new Command('report')
    .description('count every operation in the store, and what runs in the background')
    .addOption(storeOption())
    .addOption(
      new Option('--format <FORMAT>', 'md: Markdown with Mermaid; html: one page, for a browser; json: every figure')
        .choices(['md', 'html', 'json'])
        .default('md'),
    )
    .option('-o, --output <FILE>', 'write it to a file')
    .option('--anonymise', 'hosts, addresses and ids as pseudonyms; of one report only, the key is thrown away')
    .option(
      '--anonymise-key-file <FILE>',
      `the same pseudonyms in every report made with this file: ${KEY_BYTES_MIN} random bytes or more`,
    )
    .addHelpText(
      'after',
      `
  oslotap report --format html -o report.html                     operations, call graphs, waterfalls; open it in a browser
  oslotap report --format html --anonymise -o public.html         to publish it
  openssl rand -out key 32 && oslotap report --anonymise-key-file key …   to compare it with the next one: keep the key to yourself

Users, projects and values of arguments are in no report. --anonymise also replaces hosts, addresses, request and trace ids, and leaves
out the words of gaps. Names of services, methods, exchanges and queues stay, without the hosts in them: look at them before you publish.`,
    )
    .action(report);
}

async function report(options: ReportOptions): Promise<void> {
  const key = keyOf(options);
  const made = await withReader({ store: options.store }, 'report', async (store) => {
    const whole = await makeReport(store, version());
    return key === null ? whole : anonymise(whole, { key, hosts: await hostsOf(store) });
  });
  const text = render(made, options.format);
  if (options.output === undefined) process.stdout.write(text);
  else writeOut(options.output, text);
}

function render(made: Report, format: ReportOptions['format']): string {
  if (format === 'html') return renderHtml(made);
  return format === 'json' ? `${JSON.stringify(made, null, 2)}\n` : renderMarkdown(made);
}

/** Null where nothing is to be replaced. */
function keyOf({ anonymise: isAsked, anonymiseKeyFile: file }: ReportOptions): Uint8Array | null {
  if (file === undefined) return isAsked ? randomBytes(32) : null;
  try {
    const { size, mode } = statSync(file);
    if (size < KEY_BYTES_MIN || size > KEY_BYTES_MAX) {
      throw new Misuse(`it must hold ${KEY_BYTES_MIN} to ${KEY_BYTES_MAX} bytes: openssl rand -out FILE 32`);
    }
    if ((mode & PUBLIC) !== 0) {
      process.stderr.write(`oslotap: every user of this machine can read the pseudonyms' key: chmod o-r ${file}\n`);
    }
    return readFileSync(file);
  } catch (error) {
    throw new Misuse(`--anonymise-key-file: ${reasonOf(error)}`);
  }
}

function writeOut(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw new Misuse(`-o ${path}: ${reasonOf(error)}`);
  }
}
