/**
 * What other messages tell of a call that failed: whether its caller went on after an exception, whether it lives though its
 * reply was lost, and whether the tap sees deliveries at all. Written into the call's story, for its verdict.
 */
import type { BrokerEvent } from '../message.ts';
import type { ProcessKey } from './processes.ts';
import type { Initiating, TracedDelivery, TracedMessage } from './traced-message.ts';
import { isGoingOn } from './verdicts.ts';

export class CallFacts {
  /** When the last delivery of any message was seen. */
  #deliveredNs = 0n;
  /** When each process last published anything. */
  readonly #publishedNs = new WeakMap<ProcessKey, bigint>();
  /** By what its caller was handling: calls that failed, while it is not known what the caller made of it. */
  readonly #failed = new WeakMap<TracedDelivery, TracedMessage[]>();

  /** Call it for every event, with the process whose connection it came by. */
  observe(event: BrokerEvent, process: ProcessKey | null): void {
    if (event.event === 'deliver') {
      if (event.timeNs > this.#deliveredNs) this.#deliveredNs = event.timeNs;
    } else if (process !== null) {
      this.#notePublished(process, event.timeNs);
    }
  }

  /** Two processes turned out to be one. */
  join(gone: ProcessKey, kept: ProcessKey): void {
    this.#notePublished(kept, this.#publishedNs.get(gone) ?? 0n);
  }

  /** An exception was delivered to the caller. */
  failed(call: TracedMessage): void {
    const handled = call.cause?.delivery;
    if (handled !== undefined) this.#failed.set(handled, [...(this.#failed.get(handled) ?? []), call]);
  }

  /** A handler sent a message. */
  sent(handled: TracedDelivery, message: Initiating): void {
    if (isGoingOn(message)) this.#reacted(handled, true);
  }

  /** A handler answered, with an exception or without. */
  answered(handled: TracedDelivery, failure: string | null): void {
    this.#reacted(handled, failure === null);
  }

  /** The story is about to be handed on. `caller`: the process of who published it, null where it is not known for sure. */
  complete(story: TracedMessage, caller: ProcessKey | null): void {
    const { message, publish, reply } = story;
    if (message.kind !== 'call' || publish === null) return;
    story.takesDeliveries = this.#deliveredNs >= publish.timeNs;
    if (reply !== null && caller !== null) story.isCallerAlive = (this.#publishedNs.get(caller) ?? 0n) > reply.publishedNs;
  }

  #notePublished(process: ProcessKey, atNs: bigint): void {
    if (atNs > (this.#publishedNs.get(process) ?? 0n)) this.#publishedNs.set(process, atNs);
  }

  #reacted(handled: TracedDelivery, hasGoneOn: boolean): void {
    for (const call of this.#failed.get(handled) ?? []) call.callerWentOn = hasGoneOn;
    this.#failed.delete(handled);
  }
}
