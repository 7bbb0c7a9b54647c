/** `oslotap show ID`: one request, as a tree with counts, or in another form. */
import { Command, Option } from 'commander';
import { Misuse } from '../errors.ts';
import { linksOf } from '../queries/links.ts';
import { criticalPathOf } from '../queries/paths.ts';
import { timesOf } from '../queries/trace-times.ts';
import { findTrace, messagesOf } from '../queries/traces.ts';
import type { ShownTrace } from '../report/show-text.ts';
import type { Store } from '../store/store.ts';
import { findTraceId } from './find-trace.ts';
import { type StoreOptions, storeOption, withReader } from './store-option.ts';
import { writeOut } from './write-out.ts';

const FORMATS = ['text', 'json', 'mermaid', 'dot', 'svg', 'otlp-json', 'chrome-trace'] as const;
type Format = (typeof FORMATS)[number];

interface ShowOptions extends StoreOptions {
  readonly format: Format;
  readonly json?: true;
  readonly follow?: true;
  readonly output?: string;
}

/** Linked traces that --follow prints. */
const FOLLOWED_MAX = 10;

export function showCommand(): Command {
  return new Command('show')
    .description('show one request: its call tree, what its time went on, and its bill')
    .argument('<ID>', 'a request id, a trace id, or the beginning of one that is in one trace only')
    .addOption(storeOption())
    .option('--follow', `the traces that it is linked to, too (one step, at most ${FOLLOWED_MAX}; text and json)`)
    .addOption(new Option('--format <FORMAT>', 'see below').choices(FORMATS).default('text'))
    .option('--json', 'the same as --format json')
    .option('-o, --output <FILE>', 'write it to a file')
    .addHelpText('after', HELP)
    .action(show);
}

const HELP = `
How to read the tree: each line is a message, below the message whose handler sent it.
  call Instance.save  nova-compute@cmp2 → nova-conductor@ctl   wait 0.1 ms   41.2 ms  ◂ 2 %
    wait: from publish to delivery.  Last: from publish to the answer (call), or to the last thing its handler did.
    ◂ on the critical path, with so much of it.   ~ likely, not certain, that the message above caused it.
    ✗ failed, and why.   … no answer yet.   ×N the same N times in a row.
  http GET /v2.0/ports  neutron-server@ctl   38 ms
    an HTTP request that an API's audit filter told of, in two notifications.
Below it: what the time went on, what the request is linked to, and what it cost. 'oslotap explain ID' says why each
message is in it.

Other forms, --format:
  json           every figure, and every message
  mermaid        a sequence diagram, for a wiki, GitHub or GitLab
  dot            who sent what to whom, by service, for Graphviz: oslotap show ID --format dot | dot -Tsvg > request.svg
  svg            a drawing: each message on an axis of time
  otlp-json      its spans as OTLP/JSON: curl -H 'Content-Type: application/json' -d @F http://COLLECTOR:4318/v1/traces
  chrome-trace   its spans for Perfetto (https://ui.perfetto.dev) and chrome://tracing`;

async function show(id: string, options: ShowOptions): Promise<void> {
  const format = options.json ? 'json' : options.format;
  const isFollowed = options.follow !== undefined;
  if (isFollowed && format !== 'text' && format !== 'json')
    throw new Misuse(`--follow goes with text and json, not with ${format}`);
  const shown = await withReader(options, 'show', async (store) => {
    const traceId = await findTraceId(store, id);
    if (format === 'otlp-json' || format === 'chrome-trace') return await spansAs(format, store, traceId);
    const first = await read(store, traceId);
    if (first === null) return '';
    return await rendered(format, first, isFollowed ? await followed(store, first) : null);
  });
  writeOut(shown, options.output);
}

async function read(store: Store, traceId: string): Promise<ShownTrace | null> {
  const summary = await findTrace(store, traceId);
  if (summary === null) return null;
  const messages = await messagesOf(store, traceId);
  const path = await criticalPathOf(store, traceId);
  return { summary, messages, path, links: await linksOf(store, traceId) };
}

async function followed(store: Store, { links }: ShownTrace): Promise<ShownTrace[]> {
  const linked = [...new Set(links.map(({ trace_id }) => trace_id))].slice(0, FOLLOWED_MAX);
  const others: ShownTrace[] = [];
  for (const traceId of linked) {
    const other = await read(store, traceId);
    if (other !== null) others.push(other);
  }
  return others;
}

/** @param others linked traces; null where they were not asked for. */
async function rendered(
  format: Exclude<Format, 'otlp-json' | 'chrome-trace'>,
  first: ShownTrace,
  others: readonly ShownTrace[] | null,
): Promise<string> {
  const { summary, messages } = first;
  switch (format) {
    case 'text':
    case 'json': {
      const { renderShown, shownJson } = await import('../report/show-text.ts');
      if (format === 'text') return [first, ...(others ?? [])].map(renderShown).join('\n\n');
      return `${JSON.stringify({ ...shownJson(first), ...(others !== null && { linked: others.map(shownJson) }) })}\n`;
    }
    case 'mermaid':
      return (await import('../report/show-mermaid.ts')).renderMermaid(summary, messages);
    case 'dot':
      return (await import('../report/show-dot.ts')).renderDot(summary, messages);
    case 'svg':
      return (await import('../report/show-svg.ts')).renderSvg(summary, messages);
  }
}

/** What stands in `otel_traces`, so that ids and times are those of the other ways out. */
async function spansAs(format: 'otlp-json' | 'chrome-trace', store: Store, traceId: string): Promise<string> {
  const { storedSpans } = await import('../sinks/clickhouse/stored-spans.ts');
  const spans = await storedSpans(store, traceId, await timesOf(store, [traceId]));
  if (format === 'otlp-json') return `${(await import('../sinks/otlp/otlp-json.ts')).otlpJson(spans)}\n`;
  const { chromeTrace } = await import('../report/show-chrome-trace.ts');
  const summary = await findTrace(store, traceId);
  const told = { trace_id: traceId, operation: summary?.operation ?? '', start: summary?.start ?? '' };
  return `${JSON.stringify(chromeTrace(spans, told))}\n`;
}
