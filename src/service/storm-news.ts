/** What is new of storms: each is told when it begins and when it has ended, in the log and to the webhook. */
import type { Facts, Log } from '../log.ts';
import { cleaned } from '../metrics/series.ts';
import type { Storm, StormPlace } from '../storm.ts';
import { thousands } from '../thousands.ts';
import { Recent } from '../trace/recent.ts';
import type { StormWebhook } from './storm-webhook.ts';

/** Storms that are remembered, the open ones first of all: one that is forgotten and comes again counts as new. */
const KNOWN_MAX = 1_000;
/** Senders in a line of the log. */
const SENDERS_MAX = 5;
/** It names services, whose names are their own. */
const DETAIL_CHARS_MAX = 200;

export class StormNews {
  readonly #log: Log;
  readonly #webhook: StormWebhook | null;
  /** By id: whether it has ended. */
  readonly #known = new Recent<string, boolean>(KNOWN_MAX);

  /** @param webhook null: nobody else is told. */
  constructor(log: Log, webhook: StormWebhook | null) {
    this.#log = log;
    this.#webhook = webhook;
  }

  /** Takes states of storms, as often as there are any, in the order of time. Never waits, never throws. */
  take(storms: readonly Storm[]): void {
    for (const storm of storms) {
      const hadEnded = this.#known.get(storm.id);
      this.#known.set(storm.id, hadEnded === true || !storm.isOpen);
      if (hadEnded === undefined) this.#begin(storm);
      if (hadEnded !== true && !storm.isOpen) this.#end(storm);
    }
  }

  #begin(storm: Storm): void {
    this.#log.warn('storm_began', beganText(storm), beganFacts(storm));
    this.#webhook?.tell('begin', storm);
  }

  #end(storm: Storm): void {
    this.#log.info('storm_ended', endedText(storm), endedFacts(storm));
    this.#webhook?.tell('end', storm);
  }
}

function beganText(storm: Storm): string {
  const { kind, detail } = storm.trigger;
  const rates = `${rate(storm.peakPerSecond)} messages/s, usually ${rate(storm.usualPerSecond)}`;
  return `RPC storm: ${nameOf(storm)}, ${rates}; from ${sendersText(storm)}; ${detail === '' ? kind : cleaned(detail, DETAIL_CHARS_MAX)}`;
}

function beganFacts(storm: Storm): Facts {
  const { signals, senders, sendersCount, peakPerSecond, usualPerSecond, trigger } = storm;
  return {
    ...commonFacts(storm),
    signals,
    senders: senders.slice(0, SENDERS_MAX).map(placeText),
    senders_count: sendersCount,
    per_second: rounded(peakPerSecond),
    usual_per_second: rounded(usualPerSecond),
    factor: usualPerSecond > 0 ? rounded(peakPerSecond / usualPerSecond) : null,
    trigger: trigger.kind,
    trigger_detail: cleaned(trigger.detail, DETAIL_CHARS_MAX),
    trace_id: trigger.traceId,
  };
}

function endedText(storm: Storm): string {
  const figures = `${thousands(storm.messages)} messages, at most ${rate(storm.peakPerSecond)}/s`;
  return `the RPC storm of ${nameOf(storm)} is over after ${rate(secondsOf(storm))} s: ${figures}`;
}

function endedFacts(storm: Storm): Facts {
  const { messages, copies, bytes, bytesCopied, peakPerSecond } = storm;
  const figures = { messages, copies, bytes, bytes_copied: bytesCopied, peak_per_second: rounded(peakPerSecond) };
  return { ...commonFacts(storm), seconds: rounded(secondsOf(storm)), ...figures };
}

function commonFacts({ id, vhost, methods }: Storm): Facts {
  const { method = '', objects = [], exchange = '', topic = '' } = methods[0] ?? {};
  return { id, vhost, method, objects, exchange: cleaned(exchange), topic: cleaned(topic) };
}

/** `object_class_action_versions (Service.get_by_host_and_binary) to conductor, and 3 more methods` */
function nameOf({ methods }: Storm): string {
  const { method = '', objects: [object] = [], topic = '' } = methods[0] ?? {};
  const others = methods.length - 1;
  const more = others < 1 ? '' : `, and ${others} more ${others === 1 ? 'method' : 'methods'}`;
  return `${cleaned(method)}${object === undefined ? '' : ` (${cleaned(object)})`} to ${cleaned(topic)}${more}`;
}

function sendersText({ senders, sendersCount }: Storm): string {
  const named = senders.slice(0, SENDERS_MAX).map(placeText);
  const others = sendersCount - named.length;
  if (named.length === 0) return 'senders that are not known';
  return `${named.join(', ')}${others > 0 ? ` and ${thousands(others)} more` : ''}`;
}

function placeText({ service, host }: StormPlace): string {
  return cleaned(host === '' ? service : `${service}@${host}`);
}

function secondsOf({ fromNs, toNs }: Storm): number {
  return Number(toNs - fromNs) / 1e9;
}

function rate(value: number): string {
  return value < 10 ? value.toFixed(1) : thousands(Math.round(value));
}

function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
