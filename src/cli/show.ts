/** `oslotap show ID`: one request, as a tree with counts. */
import { Command } from 'commander';
import { findTrace, messagesOf, toMessage } from '../queries/traces.ts';
import { billOf, renderBill } from '../report/bill.ts';
import { renderTree } from '../report/tree.ts';
import { findTraceId } from './find-trace.ts';
import { type StoreOptions, storeOption, withReader } from './store-option.ts';

interface ShowOptions extends StoreOptions {
  readonly json?: true;
}

export function showCommand(): Command {
  return new Command('show')
    .description('show one request: its call tree and its bill')
    .argument('<ID>', 'a request id, a trace id, or the beginning of one that is in one trace only')
    .addOption(storeOption())
    .option('--json', 'as one JSON object')
    .addHelpText(
      'after',
      `
How to read the tree: each line is a message, below the message whose handler sent it.
  call Instance.save  nova-compute@cmp2 → nova-conductor@ctl   wait 0.1 ms   41.2 ms
    wait: from publish to delivery.  Last: from publish to the answer (call), or to the last thing its handler did.
    ~ likely, not certain, that the message above caused it.   ×N the same N times in a row.`,
    )
    .action(async (id: string, options: ShowOptions) => {
      const { summary, messages } = await withReader(options, 'show', async (store) => {
        const traceId = await findTraceId(store, id);
        return { summary: await findTrace(store, traceId), messages: await messagesOf(store, traceId) };
      });
      if (options.json) {
        process.stdout.write(`${JSON.stringify({ ...summary, messages: messages.map(toMessage) })}\n`);
      } else if (summary !== null) {
        process.stdout.write(`${renderTree(summary, messages)}\n${renderBill(billOf(messages), summary)}`);
      }
    });
}
