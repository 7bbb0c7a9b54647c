/**
 * What the stored messages tell of the cloud's RPC, and the same as oslo.metrics would have told it: names, labels and buckets
 * of oslo.metrics 0.17 (oslo_metrics/metrics/oslo_messaging.py).
 */
import type { Definitions } from './definition.ts';

const RPC_BUCKETS = [0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 60, 120];
const WAIT_BUCKETS = [0.001, 0.01, 0.1, 1, 10, 60];

const MESSAGE_LABELS = {
  kind: 'call, cast, fanout or notification',
  producer: 'the service that sent it',
  consumer: 'the service that it is for; empty for a notification that nobody took',
  method: 'the method, `Instance.save` for object calls; the event type of a notification',
};
const RPC_LABELS = { service: 'the service that serves it', method: 'the method, `Instance.save` for object calls' };

export const CLOUD_METRICS = {
  oslotap_messages_total: {
    group: "The cloud's RPC",
    type: 'counter',
    unit: 'messages',
    help: 'Messages, without replies',
    labels: MESSAGE_LABELS,
  },
  oslotap_message_bytes_total: {
    group: "The cloud's RPC",
    type: 'counter',
    unit: 'bytes',
    help: 'Bodies published, replies included',
    labels: MESSAGE_LABELS,
  },
  oslotap_deliveries_total: {
    group: "The cloud's RPC",
    type: 'counter',
    unit: 'deliveries',
    help: 'Times that a message was given to a consumer, without replies',
    labels: MESSAGE_LABELS,
  },
  oslotap_delivery_bytes_total: {
    group: "The cloud's RPC",
    type: 'counter',
    unit: 'bytes',
    help: 'Bodies delivered, replies included',
    labels: MESSAGE_LABELS,
  },
  oslotap_rpc_calls_total: {
    group: "The cloud's RPC",
    type: 'counter',
    unit: 'calls',
    help: 'Calls that ended',
    labels: {
      ...RPC_LABELS,
      status: 'ok, failed (an exception came back), timeout, open (no reply was seen) or sent (replies are not seen)',
    },
  },
  oslotap_rpc_duration_seconds: {
    group: "The cloud's RPC",
    type: 'histogram',
    unit: 'seconds',
    help: 'Calls with a reply, from their publish until the caller had it; left out while the tap lags',
    labels: RPC_LABELS,
    buckets: RPC_BUCKETS,
  },
  oslotap_rpc_queue_wait_seconds: {
    group: "The cloud's RPC",
    type: 'histogram',
    unit: 'seconds',
    help: 'Calls and casts, from their publish to their first delivery; left out while the tap lags',
    labels: RPC_LABELS,
    buckets: WAIT_BUCKETS,
  },
  oslotap_rpc_verdicts_total: {
    group: "The cloud's RPC",
    type: 'counter',
    unit: 'calls',
    help: 'Calls that failed, by why and by who is to blame',
    labels: { verdict: 'unroutable, not_consumed, no_reply, reply_lost, late_reply or failed', service: 'whom it points at' },
  },
  oslotap_requests_total: {
    group: "The cloud's RPC",
    type: 'counter',
    unit: 'requests',
    help: 'API requests and rounds of background work, a minute after their last message',
    labels: { operation: 'noun.verb, or periodic.METHOD' },
  },
} as const satisfies Definitions;

const COMPAT_GROUP = 'As oslo.metrics has it (metrics.osloMetricsCompat)';
const COMPAT_BUCKETS = [0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 25, 50, 75, 100];

const CLIENT_LABELS = {
  call_type: 'call or cast',
  exchange: 'where it was published; None for a fanout, whose exchange is its topic',
  topic: "the target's",
  namespace: "the target's, or None",
  version: "the target's, or None",
  server: "the target's, or None; `other` where hosts are folded (metrics.hosts)",
  fanout: 'True, or None',
  process: 'the service that asks; with metrics.hosts `service@host`',
  method: 'as on the wire: object_action',
  timeout: 'always None, as oslo.messaging has it',
};
const SERVER_LABELS = {
  exchange: CLIENT_LABELS.exchange,
  topic: CLIENT_LABELS.topic,
  server: CLIENT_LABELS.server,
  endpoint: 'always None: the wire does not tell',
  namespace: CLIENT_LABELS.namespace,
  version: CLIENT_LABELS.version,
  method: CLIENT_LABELS.method,
  process: 'the service that serves it; with metrics.hosts `service@host`',
};
const EXCEPTION = { exception: "the exception's class, without its module" };

export const COMPAT_METRICS = {
  oslo_messaging_rpc_client_invocation_start_total: {
    group: COMPAT_GROUP,
    type: 'counter',
    unit: 'calls',
    help: 'Total number of RPC invocation start',
    labels: CLIENT_LABELS,
  },
  oslo_messaging_rpc_client_invocation_end_total: {
    group: COMPAT_GROUP,
    type: 'counter',
    unit: 'calls',
    help: 'Total number of RPC invocation end, without those that ended with an exception',
    labels: CLIENT_LABELS,
  },
  oslo_messaging_rpc_client_processing_seconds: {
    group: COMPAT_GROUP,
    type: 'histogram',
    unit: 'seconds',
    help: 'Duration of RPC processing: calls only, since the wire does not tell how long a cast took to be sent',
    labels: CLIENT_LABELS,
    buckets: COMPAT_BUCKETS,
  },
  oslo_messaging_rpc_client_exception_total: {
    group: COMPAT_GROUP,
    type: 'counter',
    unit: 'calls',
    help: 'Total number of exception while RPC processing; NAME_Remote for a remote one, NAME for one of Python itself, MessagingTimeout',
    labels: { ...CLIENT_LABELS, ...EXCEPTION },
  },
  oslo_messaging_rpc_server_invocation_start_total: {
    group: COMPAT_GROUP,
    type: 'counter',
    unit: 'deliveries',
    help: 'Total number of RPC invocation start: deliveries to a server',
    labels: SERVER_LABELS,
  },
  oslo_messaging_rpc_server_invocation_end_total: {
    group: COMPAT_GROUP,
    type: 'counter',
    unit: 'deliveries',
    help: 'Total number of RPC invocation end: a reply without an exception, or a cast of which nothing more was seen',
    labels: SERVER_LABELS,
  },
  oslo_messaging_rpc_server_processing_seconds: {
    group: COMPAT_GROUP,
    type: 'histogram',
    unit: 'seconds',
    help: 'Duration of RPC processing: calls, from the last delivery before their reply to that reply',
    labels: SERVER_LABELS,
    buckets: COMPAT_BUCKETS,
  },
  oslo_messaging_rpc_server_exception_total: {
    group: COMPAT_GROUP,
    type: 'counter',
    unit: 'deliveries',
    help: 'Total number of exception while RPC processing',
    labels: { ...SERVER_LABELS, ...EXCEPTION },
  },
} as const satisfies Definitions;
