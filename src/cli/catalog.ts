/** `oslotap catalog`: every method that was seen, who calls it, who serves it, with what arguments. */
import { Command, Option } from 'commander';
import { stringify } from 'yaml';
import { type Catalog, makeCatalog } from '../report/catalog.ts';
import { asyncapiOf } from '../report/catalog-asyncapi.ts';
import { catalogMarkdown } from '../report/catalog-markdown.ts';
import { toAgoMs } from './list-options.ts';
import { type StoreOptions, storeOption, withReader } from './store-option.ts';
import { version } from './version.ts';
import { writeOut } from './write-out.ts';

const FORMATS = ['md', 'asyncapi', 'asyncapi-json', 'json'] as const;

interface CatalogCommandOptions extends StoreOptions {
  readonly format: (typeof FORMATS)[number];
  readonly output?: string;
  /** Milliseconds. */
  readonly since?: number;
}

export function catalogCommand(): Command {
  return new Command('catalog')
    .description('document every method that was seen: who calls it, who serves it, its arguments, sizes and latencies')
    .addOption(storeOption())
    .addOption(
      new Option(
        '--format <FORMAT>',
        'md: Markdown; asyncapi: AsyncAPI 3 as YAML; asyncapi-json: the same as JSON; json: every figure',
      )
        .choices(FORMATS)
        .default('md'),
    )
    .option('--since <TIME>', 'only what was published in the last 30m, 24h, 7d, 4w', toAgoMs)
    .option('-o, --output <FILE>', 'write it to a file')
    .addHelpText('after', HELP)
    .action(async ({ format, output, since, store }: CatalogCommandOptions) => {
      const sinceNs = since === undefined ? null : BigInt(Date.now() - since) * 1_000_000n;
      const catalog = await withReader({ store }, 'describe', (reader) => makeCatalog(reader, { version: version(), sinceNs }));
      writeOut(render(catalog, format), output);
    });
}

const HELP = `
A method has an entry for each exchange, topic, namespace, version and kind (call, cast, fanout). Of arguments there are names
and JSON types, never values: of messages up to 16 KB, and of some of the larger ones. docs/catalog.md says how to read it.

  oslotap catalog -o rpc.md                          for people: an index, and each method
  oslotap catalog --format asyncapi -o rpc.yaml      for AsyncAPI's tools: @asyncapi/cli, the Studio, generators
  oslotap catalog --format json | jq -r '.methods[] | select(.failed > 0) | [.topic, .object // .method, .failed] | @tsv'`;

function render(catalog: Catalog, format: CatalogCommandOptions['format']): string {
  if (format === 'md') return catalogMarkdown(catalog);
  if (format === 'json') return `${JSON.stringify(catalog, null, 2)}\n`;
  const document = asyncapiOf(catalog);
  if (format === 'asyncapi-json') return `${JSON.stringify(document, null, 2)}\n`;
  // A reader of YAML 1.1 takes a bare `on` for true.
  return stringify(document, { lineWidth: 0, aliasDuplicateObjects: false, compat: 'yaml-1.1' });
}
