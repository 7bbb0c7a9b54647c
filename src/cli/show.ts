/** `oslotap show ID`: one request, as a tree with counts. */
import { Command } from 'commander';
import { linksOf, type TraceLink } from '../queries/links.ts';
import { criticalPathOf, type Segment } from '../queries/paths.ts';
import { findTrace, type MessageDetail, messagesOf, type TraceSummary, toMessage } from '../queries/traces.ts';
import { billOf, renderBill } from '../report/bill.ts';
import { renderLinks } from '../report/links.ts';
import { renderPath, toPathSteps } from '../report/path.ts';
import { renderTree } from '../report/tree.ts';
import type { Store } from '../store/store.ts';
import { findTraceId } from './find-trace.ts';
import { type StoreOptions, storeOption, withReader } from './store-option.ts';

interface ShowOptions extends StoreOptions {
  readonly json?: true;
  readonly follow?: true;
}

/** Linked traces that --follow prints. */
const FOLLOWED_MAX = 10;

export function showCommand(): Command {
  return new Command('show')
    .description('show one request: its call tree, what its time went on, and its bill')
    .argument('<ID>', 'a request id, a trace id, or the beginning of one that is in one trace only')
    .addOption(storeOption())
    .option('--follow', `the traces that it is linked to, too (one step, at most ${FOLLOWED_MAX})`)
    .option('--json', 'as one JSON object')
    .addHelpText(
      'after',
      `
How to read the tree: each line is a message, below the message whose handler sent it.
  call Instance.save  nova-compute@cmp2 → nova-conductor@ctl   wait 0.1 ms   41.2 ms  ◂ 2 %
    wait: from publish to delivery.  Last: from publish to the answer (call), or to the last thing its handler did.
    ◂ on the critical path, with so much of it.   ~ likely, not certain, that the message above caused it.
    ✗ failed, and why.   … no answer yet.   ×N the same N times in a row.
  http GET /v2.0/ports  neutron-server@ctl   38 ms
    an HTTP request that an API's audit filter told of, in two notifications.
Below it: what the time went on, what the request is linked to, and what it cost. 'oslotap explain ID' says why each
message is in it.`,
    )
    .action(show);
}

interface Shown {
  readonly summary: TraceSummary;
  readonly messages: readonly MessageDetail[];
  readonly path: readonly Segment[];
  readonly links: readonly TraceLink[];
}

async function show(id: string, options: ShowOptions): Promise<void> {
  const traces = await withReader(options, 'show', async (store) => {
    const first = await read(store, await findTraceId(store, id));
    if (first === null || options.follow === undefined) return first === null ? [] : [first];
    const linked = [...new Set(first.links.map(({ trace_id }) => trace_id))].slice(0, FOLLOWED_MAX);
    const others: Shown[] = [];
    for (const traceId of linked) {
      const other = await read(store, traceId);
      if (other !== null) others.push(other);
    }
    return [first, ...others];
  });
  const [first, ...others] = traces;
  if (first === undefined) return;
  if (!options.json) process.stdout.write(traces.map(render).join('\n\n'));
  else {
    const linked = options.follow === undefined ? {} : { linked: others.map(toJson) };
    process.stdout.write(`${JSON.stringify({ ...toJson(first), ...linked })}\n`);
  }
}

async function read(store: Store, traceId: string): Promise<Shown | null> {
  const summary = await findTrace(store, traceId);
  if (summary === null) return null;
  const messages = await messagesOf(store, traceId);
  const path = await criticalPathOf(store, traceId);
  return { summary, messages, path, links: await linksOf(store, traceId) };
}

function render({ summary, messages, path, links }: Shown): string {
  const parts = [
    renderTree(summary, messages, path),
    renderPath(path),
    renderLinks(links),
    renderBill(billOf(messages), summary),
  ];
  return parts.filter((part) => part !== '').join('\n');
}

function toJson({ summary, messages, path, links }: Shown) {
  return { ...summary, critical_path: toPathSteps(path), links, messages: messages.map(toMessage) };
}
