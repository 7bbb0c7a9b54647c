/** `oslotap explain ID`: why each message of a request is in it. */
import { Command } from 'commander';
import { linksOf } from '../queries/links.ts';
import { findTrace, messagesOf } from '../queries/traces.ts';
import { explain, renderExplanation } from '../report/explain.ts';
import { findTraceId } from './find-trace.ts';
import { type StoreOptions, storeOption, withReader } from './store-option.ts';

interface ExplainOptions extends StoreOptions {
  readonly json?: true;
}

export function explainCommand(): Command {
  return new Command('explain')
    .description('say why each message of a request is in it, how surely, and what decided')
    .argument('<ID>', 'as for show')
    .addOption(storeOption())
    .option('--json', 'as one JSON object: evidence (counts), messages (each with its reason), links')
    .addHelpText('after', HELP)
    .action(async (id: string, options: ExplainOptions) => {
      const { summary, messages, links } = await withReader(options, 'explain', async (store) => {
        const traceId = await findTraceId(store, id);
        const links = await linksOf(store, traceId);
        return { summary: await findTrace(store, traceId), messages: await messagesOf(store, traceId), links };
      });
      if (summary === null) return;
      const explanation = explain(summary, messages, links);
      process.stdout.write(options.json ? `${JSON.stringify(explanation)}\n` : renderExplanation(explanation, messages));
    });
}

const HELP = `
First how many messages were joined by what (JOIN and EVIDENCE are columns of oslo_messages), then each reason, in the order in
which they come up, with the messages that it holds for:
  nova-compute@cmp2 was handling build_and_run_instance, the only one there with its request id  (handled, certain)
      call InstanceActionEvent.event_start, call Instance.save ×7, …
(http: an audited request with its answer, two notifications.) A reason that is likely, not certain, begins with ~.
At last the traces that this one is linked to: work that concerns several requests, or background work that came across what
a request was at work on, is in no request's trace. docs/reading-a-request.md goes through an example.

  oslotap explain req-707e4331-… --json | jq '.messages[] | select(.confidence == "likely")'`;
