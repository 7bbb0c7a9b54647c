/** Who sent what to whom in one request, by service: what its graphs are drawn from. */
import type { MessageDetail } from '../queries/traces.ts';
import { duration } from './format.ts';
import type { CallGraphLink, CallGraphNode, LinkKind } from './svg-call-graph.ts';

export interface ServiceGraph {
  /** In the order in which they come up. */
  readonly nodes: readonly CallGraphNode[];
  readonly links: readonly CallGraphLink[];
}

interface Tally {
  messages: number;
  readonly tookMs: number[];
}

/** @param messages of one request, oldest first. Notifications are left out: nobody in it is given them. */
export function serviceGraph(messages: readonly MessageDetail[]): ServiceGraph {
  const ids = new Map<string, string>();
  const idOf = (name: string) => {
    const id = ids.get(name) ?? `n${ids.size + 1}`;
    ids.set(name, id);
    return id;
  };
  const links = new Map<string, { from: string; to: string; kinds: Map<LinkKind, Tally> }>();
  for (const message of messages.filter(({ kind }) => kind !== 'notification')) {
    const from = idOf(nameOf(message.from));
    for (const name of receiversOf(message)) {
      const to = idOf(name);
      const link = links.get(`${from} ${to}`) ?? { from, to, kinds: new Map<LinkKind, Tally>() };
      links.set(`${from} ${to}`, link);
      const tally = link.kinds.get(message.kind) ?? { messages: 0, tookMs: [] };
      link.kinds.set(message.kind, tally);
      tally.messages++;
      if (message.duration_ms !== null) tally.tookMs.push(message.duration_ms);
    }
  }
  return {
    nodes: [...ids].map(([name, id]) => ({ id, name })),
    links: [...links.values()].map(({ from, to, kinds }) => ({
      from,
      to,
      lines: [...kinds].map(([kind, tally]) => ({ kind, text: words(kind, tally) })),
    })),
  };
}

/** Of a fanout each service once, however many of its processes were given it. */
function receiversOf({ to, routing_key, exchange }: MessageDetail): string[] {
  return to.length === 0 ? [`nobody (${routing_key || exchange})`] : [...new Set(to.map(nameOf))];
}

function nameOf({ service, host }: { readonly service: string; readonly host: string }): string {
  return service || host || '?';
}

/** `18 calls, 7.34 ms each` */
function words(kind: LinkKind, { messages, tookMs }: Tally): string {
  const count = `${messages} ${kind}${messages === 1 ? '' : 's'}`;
  if (tookMs.length === 0) return count;
  const mean = tookMs.reduce((sum, ms) => sum + ms, 0) / tookMs.length;
  return `${count}, ${duration(mean)}${tookMs.length === 1 ? '' : ' each'}`;
}
