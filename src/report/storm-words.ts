/** Storms in words: the same in the list and in the picture of one. */
import type { GrownMethod, StoredStorm, StormPart } from '../queries/storms.ts';
import { place, share } from './format.ts';

const NAME_CHARS_MAX = 80;
const UNPRINTABLE = /\p{Cc}/gu;
/** Services that are named; of more of them it is said that there are more. */
const SERVICES_NAMED_MAX = 2;
const SHARE_GRAIN = 1_000_000;

/** A text as it may stand on a terminal: on one line. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, '\ufffd');
}

/** The same, of at most 80 characters. */
export function plain(name: string): string {
  const characters = [...printable(name)];
  return characters.length <= NAME_CHARS_MAX ? characters.join('') : `${characters.slice(0, NAME_CHARS_MAX - 1).join('')}…`;
}

/** `call object_class_action_versions (Service.get_by_host_and_binary, …) at conductor` */
export function methodWords({ kind, method, objects, topic }: GrownMethod): string {
  const [first, ...more] = objects;
  const object = first === undefined ? '' : ` (${plain(first)}${more.length > 0 ? ', …' : ''})`;
  return `${kind} ${plain(method)}${object} at ${plain(topic)}`;
}

/** The first of what grew, and how much else did. */
export function grownWords({ methods: [first, ...more] }: StoredStorm): string {
  if (first === undefined) return '?';
  return more.length === 0 ? methodWords(first) : `${methodWords(first)}, and ${more.length} more`;
}

/** `nova-compute@cmp17`, or `nova-compute ×200, most cmp17 (1 %)` */
export function senderWords({ senders, senders_count }: StoredStorm): string {
  const [first] = senders;
  if (first === undefined) return '?';
  if (senders_count <= 1) return partWords(first);
  const services = [...new Set(senders.map(({ service }) => plain(service)))].filter((service) => service !== '');
  const named = services.slice(0, SERVICES_NAMED_MAX).join(', ') || '?';
  const rest = services.length > SERVICES_NAMED_MAX ? ', …' : '';
  return `${named}${rest} ×${senders_count}, most ${plain(first.host)} (${shareWords(first.share)})`;
}

/** `nova-compute@cmp17`; of any host the service alone. */
export function partWords({ service, host }: StormPart): string {
  return host === '' ? plain(service) || '?' : place({ service: plain(service), host: plain(host) });
}

/** What was seen to start it; its kind, where there is no more to say. */
export function triggerWords({ trigger: { kind, detail } }: StoredStorm): string {
  return detail === '' ? kind : plain(detail);
}

/** 62 %, <1 %. */
export function shareWords(part: number): string {
  return share(BigInt(Math.round(part * SHARE_GRAIN)), BigInt(SHARE_GRAIN));
}

/** ×41, ×4.2; `new` for what did not come before. */
export function timesWords(factor: number | null): string {
  if (factor === null) return 'new';
  return `×${factor < 10 ? factor.toFixed(1) : Math.round(factor)}`;
}

/** A count, a rate or a mean, with as many digits as say something: 0.35, 4.2, 412. */
export function figure(value: number): string {
  if (value === 0) return '0';
  if (value < 1) return value < 0.01 ? '<0.01' : value.toFixed(2);
  return value < 100 ? value.toFixed(1) : String(Math.round(value));
}
