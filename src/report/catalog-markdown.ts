/** The catalogue as Markdown, for people: an index, then a section a topic, and in it each method. */
import type { CatalogArgument, CatalogMethod, SizeSpread, TimeSpread } from '../queries/catalog.ts';
import type { Catalog } from './catalog.ts';
import { clock, duration, percent, size } from './format.ts';
import { markdownCode, markdownText } from './report-text.ts';

export function catalogMarkdown(catalog: Catalog): string {
  const methods = catalog.methods.map((method, i) => ({ method, anchor: `m${i + 1}` }));
  const topics = Map.groupBy(methods, ({ method }) => `${method.exchange}\n${method.topic}`);
  const sections = [...topics.values()].flatMap((listed) => section(listed));
  return ['# RPC catalogue', '', ...introduction(catalog), ...index(methods), ...sections].join('\n').replace(/\n*$/, '\n');
}

interface Listed {
  readonly method: CatalogMethod;
  readonly anchor: string;
}

function introduction({ window, coverage, since, methods, left_out }: Catalog): string[] {
  if (window.from === null || window.to === null) return ['The store is empty.', ''];
  const told = since === null ? '' : ` Told is what was published since ${clock(since)}.`;
  const cut = left_out === 0 ? '' : ` ${number(left_out)} more, with fewer messages, are left out.`;
  return [
    `${number(methods.length)} methods, as they were seen to be called.${cut} ${number(window.messages)} messages of all kinds from ` +
      `${number(window.hosts)} ${window.hosts === 1 ? 'host' : 'hosts'}, ${clock(window.from)} to ${clock(window.to)}. Coverage ${percent(coverage)}.${told}`,
    '',
    'Observed by oslotap in what RabbitMQ saw pass (its firehose): what was not called meanwhile is not here. A method has an entry for each',
    'version and kind. Of arguments there are names and JSON types, never values; one that was not in every message is optional.',
    '',
  ];
}

function index(methods: readonly Listed[]): string[] {
  if (methods.length === 0) return [];
  const head = ['topic', 'method', 'version', 'kind', 'messages', 'called by', 'served by'];
  const rows = methods.map(({ method, anchor }) => [
    markdownCode(method.topic),
    `[${markdownCode(nameOf(method))}](#${anchor})`,
    markdownText(method.version ?? ''),
    method.kind,
    number(method.messages),
    method.callers.map(({ service }) => nameOfService(service)).join(', '),
    method.servers.map(({ service }) => nameOfService(service)).join(', '),
  ]);
  return ['## Index', '', ...table(head, rows), ''];
}

function section(listed: readonly Listed[]): string[] {
  const first = listed[0]?.method;
  if (first === undefined) return [];
  const title = `## Topic ${markdownCode(first.topic)}, exchange ${markdownCode(first.exchange || '(default)')}`;
  return [title, '', ...listed.flatMap(entry)];
}

function entry({ method, anchor }: Listed): string[] {
  return [
    `### <a id="${anchor}"></a>${markdownCode(nameOf(method))}`,
    '',
    ...facts(method).map((fact) => `- ${fact}`),
    '',
    ...argumentTable(method),
    ...table(FIGURES, [figures(method)]),
    '',
  ];
}

function facts(method: CatalogMethod): string[] {
  const { kind, version, namespace, messages, to_one_server, callers, servers, operations, background } = method;
  const addressed =
    kind === 'fanout'
      ? 'to all servers'
      : to_one_server === messages
        ? 'to one server'
        : to_one_server === 0
          ? 'to any server'
          : `to one server ${number(to_one_server)} times, else to any`;
  const object = method.object === null ? [] : [`${kind} of ${markdownCode(method.method)}, which does this to an object`];
  const of = [
    version === null ? '' : `version ${markdownText(version)}`,
    namespace === null ? '' : `namespace ${markdownCode(namespace)}`,
  ].filter((text) => text !== '');
  const used = operations.map(({ operation, messages }) => `${markdownCode(operation)} ${number(messages)}`);
  if (background > 0) used.push(`in the background ${number(background)}`);
  return [
    [kind, ...of, addressed].join(', '),
    ...object,
    `called by ${callers.map(({ service, hosts, messages }) => `${nameOfService(service)} (${hostCount(hosts)}) ${number(messages)}`).join(', ')}`,
    servers.length === 0
      ? 'delivered to nobody'
      : `served by ${servers.map(({ service, hosts, deliveries }) => `${nameOfService(service)} (${hostCount(hosts)}) ${number(deliveries)}`).join(', ')}`,
    `messages by operation: ${used.join(', ')}`,
    ...troubles(method),
  ];
}

function troubles({ failed, timeouts, open, failures }: CatalogMethod): string[] {
  const classes = failures.map(({ failure, messages }) => `${markdownCode(failure)} ${number(messages)}`).join(', ');
  const told = [
    failed === 0 ? '' : `${number(failed)} came back with an exception`,
    timeouts === 0 ? '' : `${number(timeouts)} timed out`,
    open === 0 ? '' : `${number(open)} were open when they were seen last`,
  ].filter((text) => text !== '');
  return told.length === 0 ? [] : [`${told.join(', ')}${classes === '' ? '' : `: ${classes}`}`];
}

function argumentTable({ arguments: { read, names }, messages }: CatalogMethod): string[] {
  if (read === 0) return ['Its arguments were not read: of large messages only some are.', ''];
  const of = read === messages ? [] : [`Arguments of ${number(read)} of ${number(messages)} messages.`, ''];
  if (names.length === 0) return [...of, 'No arguments.', ''];
  return [...of, ...table(['argument', 'type', 'in'], names.map(argumentRow)), ''];
}

function argumentRow({ name, types, share }: CatalogArgument): string[] {
  return [markdownCode(name), types.map((type) => markdownCode(type)).join(', '), percent(share)];
}

const FIGURES = [
  'messages',
  'deliveries',
  'bytes (p50, p95, max)',
  'reply bytes (p50, p95, max)',
  'answered in (p50, p95)',
  'wait in the queue (p50, p95)',
];

function figures({ messages, deliveries, bytes, reply_bytes, answered_ms, wait_ms }: CatalogMethod): string[] {
  return [number(messages), number(deliveries), sizes(bytes), sizes(reply_bytes), times(answered_ms), times(wait_ms)];
}

function sizes(spread: SizeSpread | null): string {
  return spread === null ? '' : [spread.p50, spread.p95, spread.max].map(size).join(', ');
}

function times(spread: TimeSpread | null): string {
  return spread === null ? '' : [spread.p50, spread.p95].map(duration).join(', ');
}

/** `Instance.save` rather than `object_action`. */
function nameOf({ method, object }: CatalogMethod): string {
  return object ?? method;
}

function nameOfService(service: string): string {
  return service === '' ? '?' : markdownText(service);
}

function hostCount(hosts: number): string {
  return hosts === 1 ? '1 host' : `${number(hosts)} hosts`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}
