/** docs/metrics.md, made of the definitions. A test holds the page to them. */
import { DEFAULT_TOP, HISTOGRAM_SHARE } from './cloud.ts';
import { type Definition, type Definitions, GROUPS } from './definition.ts';
import { DEFINITIONS } from './definitions.ts';

const INTRODUCTION = `# Metrics

What \`/metrics\` serves. Made from \`src/metrics\`: \`node scripts/generate-docs.ts\` writes it anew.

Values are asked for when somebody scrapes; a page is made at most once a second, and who asks meanwhile gets the same one. A metric
whose part does not run (no store, no journal, no management API) is without series.

**Bounds.** Each metric of the cloud's RPC has at most \`metrics.top\` series (${DEFAULT_TOP}), and a histogram at most 1/${HISTOGRAM_SHARE} of that as sets
of labels. What finds no room is summed up in one more, with \`other\` in every label; \`oslotap_metrics_series_folded_total\` says how
often. The first half of the room is for what comes first, the second for what comes often. A series that is there stays: no sum goes
down while oslotap runs. Hosts are left out; \`metrics.hosts\` adds the label \`host\`: of who sent a message, of who served a call, of
whom a verdict points at.

**The cloud's figures are of stored messages.** A call counts once it ended and is in the store, about five seconds after its answer; one without an answer
five minutes after its time-out; all else once its first row is in the store. What a run before this one had stored does not count again.

**oslo.metrics' names** (\`metrics.osloMetricsCompat\`) are those of oslo.metrics 0.17, for dashboards that know them, without a change to a
service, and with the server's side, which oslo.messaging never sends. What differs: \`exchange\` is the one on the wire, where oslo.messaging
mostly says None; a cast has no duration; an exception is told by the class that came back, with \`_Remote\` behind it also where oslo.messaging
would raise a RemoteError; \`process\` is what oslotap knows of the sender, not \`metrics_process_name\`; there are no \`_created\` series.
`;

const PROCESS = `
## The process

\`process_*\` and \`nodejs_*\`: prom-client's default metrics, without those whose names are against Prometheus' rules. Among them
\`process_resident_memory_bytes\`, \`process_cpu_seconds_total\`, \`process_open_fds\`, \`nodejs_eventloop_lag_p99_seconds\`,
\`nodejs_heap_size_used_bytes\`, \`nodejs_gc_duration_seconds\`.
`;

export function metricsPage(): string {
  return `${INTRODUCTION}${GROUPS.map(section).join('')}${PROCESS}`;
}

function section(group: string): string {
  const definitions: Definitions = DEFINITIONS;
  const rows = Object.entries(definitions)
    .filter(([, definition]) => definition.group === group)
    .map(([name, definition]) => row(name, definition));
  return `\n## ${group}\n\n| metric | type, unit | meaning | labels |\n|---|---|---|---|\n${rows.join('\n')}\n`;
}

function row(name: string, { type, unit, help, labels, buckets }: Definition): string {
  const bounds = buckets === undefined ? '' : `. Buckets: ${buckets.join(', ')}`;
  const told = Object.entries(labels).map(([label, meaning]) => `\`${label}\`: ${meaning}`);
  const cells = [`\`${name}\``, unit === '' ? type : `${type}, ${unit}`, `${help}${bounds}`, told.join('; ')];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
