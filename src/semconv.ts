/**
 * Every attribute name that a span carries. OpenTelemetry's semantic conventions for HTTP, RPC and messaging where they have
 * a name; `cadf.*`, `oslo.*` and `oslotap.*` where they have none. docs/spans.md says which span has which.
 */
export const ATTRIBUTE = {
  serviceName: 'service.name',
  serviceInstanceId: 'service.instance.id',
  hostName: 'host.name',
  rpcSystem: 'rpc.system.name',
  rpcMethod: 'rpc.method',
  messagingSystem: 'messaging.system',
  operationType: 'messaging.operation.type',
  destination: 'messaging.destination.name',
  routingKey: 'messaging.rabbitmq.destination.routing_key',
  messageId: 'messaging.message.id',
  bodySize: 'messaging.message.body.size',
  errorType: 'error.type',
  httpMethod: 'http.request.method',
  httpRoute: 'http.route',
  httpStatus: 'http.response.status_code',
  /** CADF's `action`, as the audit filter tells it: `read/list`, `update/os-stop`. */
  cadfAction: 'cadf.action',
  kind: 'oslo.kind',
  object: 'oslo.object',
  namespace: 'oslo.namespace',
  requestId: 'oslotap.request_id',
  operation: 'oslotap.operation',
  join: 'oslotap.join',
  confidence: 'oslotap.confidence',
  evidence: 'oslotap.evidence',
  resource: 'oslotap.resource',
  queueWaitMs: 'oslotap.queue_wait_ms',
  redelivered: 'oslotap.redelivered',
  reread: 'oslotap.reread',
  time: 'oslotap.time',
  /** The span of an HTTP request that nothing audited: told from what it caused. */
  synthesized: 'oslotap.synthesized',
  verdict: 'oslotap.verdict',
  verdictEvidence: 'oslotap.verdict_evidence',
  culpritService: 'oslotap.culprit_service',
  culpritHost: 'oslotap.culprit_host',
  culpritQueue: 'oslotap.culprit_queue',
} as const;

export const RPC_SYSTEM = 'oslo.messaging';
export const MESSAGING_SYSTEM = 'rabbitmq';
export const SCOPE = 'oslotap';
/** Of `oslotap.time`: the tap was behind when it received this, so its time is late. */
export const LAGGING = 'lagging';
