/** What one RPC looks like, on one side and on the other: its versions, who sends it to whom, its arguments. */
import { SIGNIFICANCE } from './diff-counts.ts';
import type { Rpc, RpcArgument } from './fingerprint.ts';

export interface VersionChange {
  readonly a: readonly string[];
  readonly b: readonly string[];
}

/** From whom to whom; `to` is empty where nobody was given it. */
export interface Route {
  readonly from: string;
  readonly to: readonly string[];
}

export interface RouteChange {
  readonly a: readonly Route[];
  readonly b: readonly Route[];
}

export type ArgumentChange =
  | { readonly change: 'added' | 'removed'; readonly name: string; readonly types: readonly string[] }
  | { readonly change: 'renamed'; readonly name: string; readonly to: string; readonly types: readonly string[] }
  | { readonly change: 'type'; readonly name: string; readonly types: readonly string[]; readonly to_types: readonly string[] };

/** Null where they are the same, or one side has none to show. */
export function compareVersions(a: Rpc, b: Rpc): VersionChange | null {
  const [ofA, ofB] = [sharesOf(a.versions), sharesOf(b.versions)];
  return isSameMix(ofA, ofB) ? null : { a: Object.keys(a.versions), b: Object.keys(b.versions) };
}

/** Null where they are the same, or where a process of a side has no name: it may be any. */
export function compareRoutes(a: Rpc, b: Rpc): RouteChange | null {
  if (!a.routes.every(isNamed) || !b.routes.every(isNamed)) return null;
  const mixOf = ({ routes }: Rpc) => sharesOf(Object.fromEntries(routes.map((route) => [routeKey(route), route.messages])));
  return isSameMix(mixOf(a), mixOf(b)) ? null : { a: a.routes.map(toRoute), b: b.routes.map(toRoute) };
}

/** Of arguments that were read on both sides. One that was removed and one that was added, of the same types and no other, is one renamed. */
export function compareArguments(a: Rpc, b: Rpc): ArgumentChange[] {
  if (a.arguments === null || b.arguments === null) return [];
  const removed = missingIn(a.arguments, b.arguments);
  const added = missingIn(b.arguments, a.arguments);
  const renamed = renamesOf(removed, added);
  const isRenamed = (argument: RpcArgument) => renamed.some((pair) => pair.includes(argument));
  return [
    ...renamed.map(([from, to]) => ({ change: 'renamed' as const, name: from.name, to: to.name, types: typesOf(from) })),
    ...removed.filter((each) => !isRenamed(each)).map((each) => told('removed', each)),
    ...added.filter((each) => !isRenamed(each)).map((each) => told('added', each)),
    ...typeChanges(a.arguments.names, b.arguments.names),
  ];
}

/** Of something that is in such a share of the messages on one side. */
type Mix = { readonly shares: ReadonlyMap<string, number>; readonly messages: number };

function sharesOf(counts: Readonly<Record<string, number>>): Mix {
  const messages = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return { shares: new Map(Object.entries(counts).map(([key, count]) => [key, count / messages])), messages };
}

function isSameMix(a: Mix, b: Mix): boolean {
  const isNoneMissing = (from: Mix, to: Mix) =>
    [...from.shares].every(([key, share]) => to.shares.has(key) || !isSurelyGone(share, to.messages));
  return isNoneMissing(a, b) && isNoneMissing(b, a);
}

/** What a share of the messages has on one side, and none of so many on the other: that is no chance. */
function isSurelyGone(share: number, messages: number): boolean {
  return messages > 0 && (1 - share) ** messages <= SIGNIFICANCE;
}

type Arguments = NonNullable<Rpc['arguments']>;

function missingIn(here: Arguments, there: Arguments): RpcArgument[] {
  const names = new Set(there.names.map(({ name }) => name));
  return here.names.filter((argument) => {
    const share = total(argument.types) / here.messages_read;
    return !names.has(argument.name) && isSurelyGone(share, there.messages_read);
  });
}

function renamesOf(removed: readonly RpcArgument[], added: readonly RpcArgument[]): (readonly [RpcArgument, RpcArgument])[] {
  const keyOf = (argument: RpcArgument) => JSON.stringify(typesOf(argument));
  const before = Map.groupBy(removed, keyOf);
  const after = Map.groupBy(added, keyOf);
  return [...before].flatMap(([key, list]) => {
    const [from] = list;
    const [to, ...more] = after.get(key) ?? [];
    return from === undefined || to === undefined || list.length > 1 || more.length > 0 ? [] : [[from, to] as const];
  });
}

function typeChanges(a: readonly RpcArgument[], b: readonly RpcArgument[]): ArgumentChange[] {
  const inB = new Map(b.map((argument) => [argument.name, argument]));
  return a.flatMap((argument) => {
    const other = inB.get(argument.name);
    if (other === undefined || isSameMix(sharesOf(argument.types), sharesOf(other.types))) return [];
    return [{ change: 'type', name: argument.name, types: typesOf(argument), to_types: typesOf(other) }];
  });
}

function told(change: 'added' | 'removed', argument: RpcArgument): ArgumentChange {
  return { change, name: argument.name, types: typesOf(argument) };
}

function typesOf({ types }: RpcArgument): string[] {
  return Object.keys(types).sort();
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function isNamed({ from, to, deliveries }: Rpc['routes'][number]): boolean {
  return from !== '' && (to.length > 0 || deliveries === 0);
}

function routeKey({ from, to }: Rpc['routes'][number]): string {
  return JSON.stringify([from, ...to]);
}

function toRoute({ from, to }: Rpc['routes'][number]): Route {
  return { from, to };
}
