/** Links to other traces, for people. */
import type { TraceLink } from '../queries/links.ts';
import { clock } from './format.ts';

const LISTED_MAX = 10;

/** `''` where there are none. */
export function renderLinks(links: readonly TraceLink[]): string {
  return ['concerns', 'concerned_by']
    .map((direction) => renderOneWay(links.filter((link) => link.direction === direction)))
    .join('');
}

function renderOneWay(links: readonly TraceLink[]): string {
  const lines = links.slice(0, LISTED_MAX).map(lineOf);
  const more = links.length - lines.length;
  return [...lines, ...(more > 0 ? [`  … and ${more} more`] : [])].map((line) => `${line}\n`).join('');
}

function lineOf({ direction, operation, request_id, trace_id, start, messages, resources }: TraceLink): string {
  const words = direction === 'concerns' ? 'also concerns' : 'is concerned by';
  const [first = '', ...rest] = resources;
  const about = rest.length === 0 ? first : `${first} and ${rest.length} more`;
  const count = messages === 1 ? '1 message' : `${messages} messages`;
  return `${words}  ${operation}  ${request_id ?? trace_id}  ${clock(start)}  by ${count} about ${about}`;
}
