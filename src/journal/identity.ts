/** What an event belongs to, and what makes it the same event when it comes again. */
import { hash } from 'node:crypto';
import type { BrokerEvent, Undecodable } from '../message.ts';
import { deliveryKey } from '../trace/ids.ts';

/** What the journal keeps: every event that a tap decoded, or could not. */
export type JournalEvent = BrokerEvent | Undecodable;

/**
 * The story that an event belongs to: `_msg_id` for a call and its replies, else `_unique_id`. An event that could not be
 * understood is a story of its own: `u` and 16 hex digits, the same whenever the event is read again.
 */
export function journalKey(event: JournalEvent): string {
  if (event.event === 'undecodable') return `u${undecodableHash(event)}`;
  const { message } = event;
  return message.kind === 'call' || message.kind === 'reply' ? message.msgId : message.uniqueId;
}

/** Equal for an event that the broker handed over twice, whenever it did: the time of receipt is not in it. */
export function eventIdentity(event: JournalEvent): string {
  switch (event.event) {
    case 'undecodable': {
      const { direction, exchange, queue, connection, bytes, reason } = event;
      return `undecodable\0${direction}\0${exchange}\0${queue}\0${connection}\0${bytes}\0${reason}`;
    }
    case 'publish':
      return `publish\0${event.message.uniqueId}\0${event.vhost}\0${event.connection}\0${event.channel}`;
    case 'deliver':
      return `deliver\0${event.message.uniqueId}\0${deliveryKey(event)}\0${event.streamOffset}`;
  }
}

function undecodableHash({ timeNs, direction, exchange, queue, connection, bytes }: Undecodable): string {
  return hash('sha256', `${timeNs} ${direction} ${exchange} ${queue} ${connection} ${bytes}`, 'hex').slice(0, 16);
}
