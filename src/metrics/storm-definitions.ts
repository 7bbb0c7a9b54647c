/** What is told of RPC storms, and of who was told. */
import type { Definitions } from './definition.ts';

const METHOD = {
  exchange: 'where its messages are published',
  topic: 'whom they are for',
  method: 'the method, as on the wire',
};

export const STORM_METRICS = {
  oslotap_storms_total: {
    group: 'Storms',
    type: 'counter',
    unit: 'storms',
    help: 'Storms that began, those that last included',
    labels: { signal: 'what gave it away first: rate, host_rate, fanout, retries, per_request, failures or queue_wait' },
  },
  oslotap_storms_open: {
    group: 'Storms',
    type: 'gauge',
    unit: 'storms',
    help: 'Storms that last',
    labels: {},
  },
  oslotap_storm_messages_per_second: {
    group: 'Storms',
    type: 'gauge',
    unit: 'messages a second',
    help: 'What the methods of the storms that last send now; at most 16 series, those that send most',
    labels: METHOD,
  },
  oslotap_storm_usual_messages_per_second: {
    group: 'Storms',
    type: 'gauge',
    unit: 'messages a second',
    help: 'What the same methods usually send',
    labels: METHOD,
  },
  oslotap_storm_detector_ready: {
    group: 'Storms',
    type: 'gauge',
    unit: '',
    help: '1 while a storm would be told, 0 while it is still being learned what is usual, or while the tap lags or does not see all',
    labels: {},
  },
  oslotap_storm_webhook_requests_total: {
    group: 'Storms',
    type: 'counter',
    unit: 'notices',
    help: 'Beginnings and ends of storms that were to be told to the webhook, by what became of it',
    labels: {
      outcome: 'delivered, failed (refused, or given up after six attempts) or dropped (too many waited, or the end came)',
    },
  },
} as const satisfies Definitions;
