/** Storms as the command line has them: the shapes of `oslotap storms --json`. */
import { readFileSync } from 'node:fs';
import type { Store } from '../store/store.ts';
import type { StormMethod, StormSignal, StormTriggerKind } from '../storm.ts';

export type { StormSignal, StormTriggerKind } from '../storm.ts';

export interface GrownMethod {
  /** As on the wire: `object_class_action_versions`. */
  readonly method: string;
  /** For the object calls of oslo.versionedobjects, those that came most: `Service.get_by_host_and_binary`; at most 5. */
  readonly objects: readonly string[];
  readonly kind: StormMethod['kind'];
  readonly exchange: string;
  readonly topic: string;
  /** Messages while the storm lasted. */
  readonly messages: number;
  /** Of all messages of the storm, 0–1. */
  readonly share: number;
  /** Messages a second: as usual, and in the worst ten seconds. */
  readonly usual_per_second: number;
  readonly peak_per_second: number;
  /** peak / usual; null where it never came before. */
  readonly factor: number | null;
}

export interface StormPart {
  readonly service: string;
  /** An address where no name is known; '' of receivers, where it is any. */
  readonly host: string;
  readonly messages: number;
  /** 0–1. */
  readonly share: number;
}

/** As usual, and in the storm; null where it is not known. */
export interface UsualAndDuring {
  readonly usual: number | null;
  readonly during: number | null;
}

export interface StoredStorm {
  /** 16 hex digits. */
  readonly id: string;
  readonly vhost: string;
  /** RFC 3339 with nanoseconds. */
  readonly start: string;
  /** When it was known to be one. */
  readonly detected: string;
  /** When it was last above its bounds; as far as it has come while it is open. */
  readonly end: string;
  readonly duration_ms: number;
  /** From its start until it was known. */
  readonly detected_after_ms: number;
  readonly is_open: boolean;
  /** In the order of their coming. */
  readonly signals: readonly StormSignal[];
  /** What grew, the most first; at most 10. */
  readonly methods: readonly GrownMethod[];
  /** Who sent it, the most first; at most 20. */
  readonly senders: readonly StormPart[];
  /** All of them. */
  readonly senders_count: number;
  /** Whom it was for, the most first; at most 10. */
  readonly receivers: readonly StormPart[];
  readonly trigger: {
    readonly kind: StormTriggerKind;
    readonly detail: string;
    /** For `oslotap show`; null for what is no fanout and no request. */
    readonly trace_id: string | null;
    readonly count: number;
  };
  /** Of the methods that grew: published, and copied to queues. */
  readonly messages: number;
  readonly copies: number;
  readonly bytes: number;
  readonly bytes_copied: number;
  readonly usual_per_second: number;
  readonly peak_per_second: number;
  readonly factor: number | null;
  /** Copies a message. */
  readonly amplification: UsualAndDuring;
  /** Messages a request of a user. */
  readonly per_request: UsualAndDuring;
  /** Of the calls that ended, 0–1. */
  readonly failed_share: UsualAndDuring;
  /** Mean time from publish to delivery. */
  readonly queue_wait_ms: UsualAndDuring;
}

type Plain = Omit<
  StoredStorm,
  'methods' | 'senders' | 'receivers' | 'trigger' | 'factor' | 'amplification' | 'per_request' | 'failed_share' | 'queue_wait_ms'
>;

interface Row extends Plain {
  readonly method_names: readonly string[];
  readonly method_objects: readonly (readonly string[])[];
  readonly method_kinds: readonly GrownMethod['kind'][];
  readonly method_exchanges: readonly string[];
  readonly method_topics: readonly string[];
  readonly method_messages: readonly number[];
  readonly method_shares: readonly number[];
  readonly method_usual: readonly number[];
  readonly method_peak: readonly number[];
  readonly sender_services: readonly string[];
  readonly sender_hosts: readonly string[];
  readonly sender_messages: readonly number[];
  readonly sender_shares: readonly number[];
  readonly receiver_services: readonly string[];
  readonly receiver_hosts: readonly string[];
  readonly receiver_messages: readonly number[];
  readonly receiver_shares: readonly number[];
  readonly trigger_kind: StormTriggerKind;
  readonly trigger_detail: string;
  readonly trigger_trace: string | null;
  readonly trigger_count: number;
  readonly amplification_usual: number | null;
  readonly amplification: number | null;
  readonly per_request_usual: number | null;
  readonly per_request: number | null;
  readonly failed_share_usual: number | null;
  readonly failed_share: number | null;
  readonly queue_wait_ms_usual: number | null;
  readonly queue_wait_ms: number | null;
}

const SQL = readFileSync(new URL('storms.sql', import.meta.url), 'utf8');

/** As many as there are. */
const NO_LIMIT = '18446744073709551615';

export interface StormList {
  /** 0: no limit. @default 0 */
  readonly limit?: number;
  /** Those that lasted beyond this. Nanoseconds since the epoch. @default 0 */
  readonly sinceNs?: bigint;
  /** An id, or its beginning. @default '', of all */
  readonly id?: string;
}

/** Newest first. */
export async function listStorms(store: Store, { limit = 0, sinceNs = 0n, id = '' }: StormList = {}): Promise<StoredStorm[]> {
  const params = { limit: limit === 0 ? NO_LIMIT : String(limit), since: String(sinceNs), id };
  return (await store.query<Row>(SQL, params)).map(toStorm);
}

function toStorm(row: Row): StoredStorm {
  return {
    id: row.id,
    vhost: row.vhost,
    start: row.start,
    detected: row.detected,
    end: row.end,
    duration_ms: row.duration_ms,
    detected_after_ms: row.detected_after_ms,
    is_open: row.is_open,
    signals: row.signals,
    methods: methodsOf(row),
    senders: partsOf({
      services: row.sender_services,
      hosts: row.sender_hosts,
      messages: row.sender_messages,
      shares: row.sender_shares,
    }),
    senders_count: row.senders_count,
    receivers: partsOf({
      services: row.receiver_services,
      hosts: row.receiver_hosts,
      messages: row.receiver_messages,
      shares: row.receiver_shares,
    }),
    trigger: { kind: row.trigger_kind, detail: row.trigger_detail, trace_id: row.trigger_trace, count: row.trigger_count },
    messages: row.messages,
    copies: row.copies,
    bytes: row.bytes,
    bytes_copied: row.bytes_copied,
    usual_per_second: row.usual_per_second,
    peak_per_second: row.peak_per_second,
    factor: factorOf(row.usual_per_second, row.peak_per_second),
    amplification: { usual: row.amplification_usual, during: row.amplification },
    per_request: { usual: row.per_request_usual, during: row.per_request },
    failed_share: { usual: row.failed_share_usual, during: row.failed_share },
    queue_wait_ms: { usual: row.queue_wait_ms_usual, during: row.queue_wait_ms },
  };
}

function methodsOf(row: Row): GrownMethod[] {
  return row.method_names.map((method, i) => {
    const [usual_per_second, peak_per_second] = [row.method_usual[i] ?? 0, row.method_peak[i] ?? 0];
    return {
      method,
      objects: row.method_objects[i] ?? [],
      kind: row.method_kinds[i] ?? 'call',
      exchange: row.method_exchanges[i] ?? '',
      topic: row.method_topics[i] ?? '',
      messages: row.method_messages[i] ?? 0,
      share: row.method_shares[i] ?? 0,
      usual_per_second,
      peak_per_second,
      factor: factorOf(usual_per_second, peak_per_second),
    };
  });
}

interface PartColumns {
  readonly services: readonly string[];
  readonly hosts: readonly string[];
  readonly messages: readonly number[];
  readonly shares: readonly number[];
}

function partsOf({ services, hosts, messages, shares }: PartColumns): StormPart[] {
  return services.map((service, i) => ({
    service,
    host: hosts[i] ?? '',
    messages: messages[i] ?? 0,
    share: shares[i] ?? 0,
  }));
}

function factorOf(usual: number, peak: number): number | null {
  return usual > 0 ? peak / usual : null;
}
