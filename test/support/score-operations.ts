/**
 * `node test/support/score-operations.ts [CAPTURE.ndjson.gz…] [--without audit|notifications]`: what oslotap calls the requests of a capture, against what its
 * user asked for (X.truth.json): HTTP method, URL and command say what the operation was. Without arguments: the captures
 * of test/fixtures.
 */

import { parseArgs } from 'node:util';
import type { TappedMessage } from '../../src/message.ts';
import { decode } from '../../src/oslo/decode.ts';
import { table } from '../../src/report/format.ts';
import { BUILT_IN_OPERATIONS, type Operations } from '../../src/trace/operations.ts';
import type { ClosedMessage } from '../../src/trace/traced-message.ts';
import { rootOf } from '../../src/trace/traces.ts';
import { CAPTURES, capturePath, run, snapshotOf, tappedOf } from './captures.ts';
import { truthOf, type UserRequest } from './truth.ts';

export interface NamedRequest {
  readonly request: UserRequest;
  readonly wanted: string;
  /** Null where the request left no message: then there is no trace to name. */
  readonly found: string | null;
}

/** What a cloud may not send: only few have the audit filter, and many have no notifications at all. */
export type Without = 'nothing' | 'audit' | 'notifications';

/** Each request of the capture's user. */
export async function nameRequests(path: string, without: Without = 'nothing'): Promise<NamedRequest[]> {
  const tapped = (await tappedOf(path)).filter((message) => !isLeftOut(message, without));
  const { messages } = await run(tapped, snapshotOf(path));
  const names = operationsByRequest(messages);
  return truthOf(path).requests.map((request) => ({
    request,
    wanted: operationOfHttp(request),
    found: names.get(request.requestId) ?? null,
  }));
}

function isLeftOut(tapped: TappedMessage, without: Without): boolean {
  const event = without === 'nothing' ? null : decode(tapped);
  if (event === null || event.event === 'undecodable' || event.message.kind !== 'notification') return false;
  return without === 'notifications' || event.message.audit !== null;
}

/** As the view oslo_requests does it: of each trace the highest rank, then the earliest. */
export function operationsByRequest(
  messages: readonly ClosedMessage[],
  operations: Operations = BUILT_IN_OPERATIONS,
): Map<string, string> {
  const best = new Map<string, { name: string; rank: number; timeNs: bigint }>();
  for (const { traced } of messages) {
    const { requestId } = rootOf(traced.trace);
    if (requestId === null || traced.cause !== null) continue;
    const { timeNs } = traced.publish;
    const { name, rank } = operations.of(traced.message, traced.publish, requestId);
    const before = best.get(requestId);
    const isBetter = before === undefined || rank > before.rank || (rank === before.rank && timeNs < before.timeNs);
    if (isBetter) best.set(requestId, { name, rank, timeNs });
  }
  return new Map([...best].map(([requestId, { name }]) => [requestId, name]));
}

/** What HTTP says: `[method, path, operation]`, and the command where the path leaves it open. The first that fits counts. */
const HTTP: readonly (readonly [method: string, path: RegExp, operation: string, command?: RegExp])[] = [
  ['POST', /\/servers\/[^/]+\/action$/, 'server.live_migrate', /--live-migration/],
  ['POST', /\/servers\/[^/]+\/action$/, 'server.get_console_output', /console log show/],
  ['POST', /\/servers\/[^/]+\/action$/, 'server.reboot', /server reboot/],
  ['POST', /\/servers\/[^/]+\/action$/, 'server.confirm_resize', /server resize confirm/],
  ['POST', /\/servers\/[^/]+\/action$/, 'server.resize', /server resize/],
  ['POST', /\/servers\/[^/]+\/os-interface$/, 'interface.attach'],
  ['DELETE', /\/servers\/[^/]+\/os-interface\/[^/]+$/, 'interface.detach'],
  ['POST', /\/servers\/[^/]+\/os-volume_attachments$/, 'volume.attach'],
  ['DELETE', /\/servers\/[^/]+\/os-volume_attachments\/[^/]+$/, 'volume.detach'],
  ['PUT', /\/routers\/[^/]+\/add_router_interface$/, 'router.add_interface'],
  ['PUT', /\/routers\/[^/]+\/remove_router_interface$/, 'router.remove_interface'],
  ...['server', 'flavor', 'image', 'network', 'subnet', 'port', 'router', 'extension', 'volume'].flatMap((noun) => {
    const collection = new RegExp(`/${noun}s(/detail)?$`);
    const member = new RegExp(`/${noun}s/[^/]+$`);
    return [
      ['GET', collection, `${noun}.list`] as const,
      ['POST', collection, `${noun}.create`] as const,
      ['GET', member, `${noun}.show`] as const,
      ['PUT', member, `${noun}.update`] as const,
      ['DELETE', member, `${noun}.delete`] as const,
    ];
  }),
];

/** @throws where the table above does not know the request. */
function operationOfHttp({ method, path, command }: UserRequest): string {
  const [bare = ''] = path.split('?', 1);
  const known = HTTP.find(
    ([of, form, , asked]) => of === method && form.test(bare) && (asked === undefined || asked.test(command ?? '')),
  );
  if (known === undefined) throw new Error(`no operation is told for ${method} ${bare} (${command})`);
  return known[2];
}

async function main(args: string[]): Promise<void> {
  const { values, positionals: named } = parseArgs({ args, allowPositionals: true, options: { without: { type: 'string' } } });
  const without = (['audit', 'notifications'] as const).find((what) => what === values.without) ?? 'nothing';
  const paths = named.length > 0 ? named : CAPTURES.map(capturePath);
  const rows: string[][] = [];
  const right = { changing: 0, reading: 0 };
  const seen = { changing: 0, reading: 0 };
  for (const path of paths) {
    for (const { request, wanted, found } of await nameRequests(path, without)) {
      const kind = request.method === 'GET' ? 'reading' : 'changing';
      // A request that only reads leaves no message, unless it is audited.
      if (kind === 'reading' && found === null) continue;
      seen[kind]++;
      if (found === wanted) right[kind]++;
      rows.push([found === wanted ? 'right' : 'WRONG', path.replace(/^.*\//, ''), request.method, wanted, found ?? 'no trace']);
    }
  }
  process.stdout.write(table([['', 'CAPTURE', 'HTTP', 'ASKED FOR', 'CALLED'], ...rows], new Set()));
  process.stdout.write(`requests that change something: ${right.changing} of ${seen.changing} right\n`);
  process.stdout.write(`requests that read, and left a trace: ${right.reading} of ${seen.reading} right\n`);
}

if (import.meta.main) await main(process.argv.slice(2));
