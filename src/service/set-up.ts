/** What a live command was told, checked: which brokers, which taps. */
import type { TlsMaterial } from '../../collectors/amqp/connect.ts';
import type { QueueBounds } from '../../collectors/amqp/queue-bounds.ts';
import type { Broker } from '../../collectors/amqp/url.ts';
import type { Tier } from '../../collectors/firehose/firehose.ts';
import type { ManagementApi } from '../../collectors/management/api.ts';
import type { TapPlan } from '../../collectors/plan.ts';

/** How long a command's end waits for what was published before it. Milliseconds. */
export const DRAIN_MS = 5_000;
/** Bodies that wait in memory, where the broker sends without acknowledgements. */
export const INBOX_BYTES_MAX = 64 * 1024 * 1024;

export interface LiveSetUp {
  /** One a vhost. */
  readonly brokers: readonly Broker[];
  readonly tls: TlsMaterial;
  readonly apis: readonly ManagementApi[];
  readonly bounds: QueueBounds;
}

export interface VhostPlan extends TapPlan {
  /** False for one beside the first of a vhost: what it misses is not lost. */
  readonly isMain: boolean;
}

export interface TapPlans {
  readonly plans: readonly VhostPlan[];
  /** To begin with. Taps that never see deliveries begin, and are at their best, at `publish`. */
  readonly tier: Tier;
  /** Management APIs of the broker that the services use: one for each node. */
  readonly apis: readonly ManagementApi[];
  close(): void;
}
