/** `oslotap report`: operations, their counts and call graphs, background load. */
import { writeFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { Misuse, reasonOf } from '../errors.ts';
import { renderMarkdown } from '../report/markdown.ts';
import { makeReport } from '../report/report.ts';
import { type StoreOptions, storeOption, withReader } from './store-option.ts';

interface ReportOptions extends StoreOptions {
  readonly format: 'md' | 'json';
  readonly output?: string;
}

export function reportCommand(): Command {
  return new Command('report')
    .description('count every operation in the store, and what runs in the background')
    .addOption(storeOption())
    .addOption(new Option('--format <FORMAT>', 'md: Markdown; json: every figure').choices(['md', 'json']).default('md'))
    .option('-o, --output <FILE>', 'write it to a file')
    .action(async ({ format, output, store }: ReportOptions) => {
      const report = await withReader({ store }, 'report', makeReport);
      const text = format === 'json' ? `${JSON.stringify(report, null, 2)}\n` : renderMarkdown(report);
      if (output === undefined) process.stdout.write(text);
      else writeOut(output, text);
    });
}

function writeOut(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw new Misuse(`-o ${path}: ${reasonOf(error)}`);
  }
}
