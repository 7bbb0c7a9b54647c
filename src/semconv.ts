/**
 * Every attribute name that a span carries. OpenTelemetry's semantic conventions for RPC and messaging where they have a
 * name; `oslo.*`, `openstack.*` and `oslotap.*` where they have none.
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
  kind: 'oslo.kind',
  object: 'oslo.object',
  namespace: 'oslo.namespace',
  requestId: 'openstack.request_id',
  operation: 'oslotap.operation',
  join: 'oslotap.join',
  confidence: 'oslotap.confidence',
  queueWaitMs: 'oslotap.queue_wait_ms',
  redelivered: 'oslotap.redelivered',
  reread: 'oslotap.reread',
  time: 'oslotap.time',
} as const;

export const RPC_SYSTEM = 'oslo.messaging';
export const MESSAGING_SYSTEM = 'rabbitmq';
export const SCOPE = 'oslotap';
