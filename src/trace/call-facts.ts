/**
 * What other messages tell of a call that failed: whether its caller went on after an exception, whether it lives though its
 * reply was lost, and whether the tap sees deliveries at all. Written into the call's story, for its verdict.
 */
import type { Initiating, TracedDelivery, TracedMessage } from './traced-message.ts';
import { isGoingOn } from './verdicts.ts';

export class CallFacts {
  /** When the last delivery of any message was seen. */
  #deliveredNs = 0n;
  /** By what its caller was handling: calls that failed, while it is not known what the caller made of it. */
  readonly #failed = new WeakMap<TracedDelivery, TracedMessage[]>();

  /** Call it for every delivery. */
  delivered(atNs: bigint): void {
    if (atNs > this.#deliveredNs) this.#deliveredNs = atNs;
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

  /** The story is about to be handed on. @param callerNs when its caller last published anything, null where that is not known for sure. */
  complete(story: TracedMessage, callerNs: bigint | null): void {
    const { message, publish, reply } = story;
    if (message.kind !== 'call' || publish === null) return;
    story.takesDeliveries = this.#deliveredNs >= publish.timeNs;
    if (reply !== null && callerNs !== null) story.isCallerAlive = callerNs > reply.publishedNs;
  }

  #reacted(handled: TracedDelivery, hasGoneOn: boolean): void {
    for (const call of this.#failed.get(handled) ?? []) call.callerWentOn = hasGoneOn;
    this.#failed.delete(handled);
  }
}
