/**
 * The nouns that every stage shares. This file imports nothing.
 *
 *   TappedMessage  what a collector hands over: one firehose message, bytes and headers as received
 *   BrokerEvent    the same, decoded: somebody published a message, or the broker delivered one
 *   OsloMessage    what was in it: call | cast | fanout | reply | notification
 *
 * Only allow-listed facts are in a decoded message: ids, names and sizes; of arguments names and types. Tokens, passwords,
 * values, results and free text stay behind in the bytes.
 */

/** Every queue that oslotap declares begins with this; what passes through them is not counted. */
export const OWN_QUEUE_PREFIX = 'oslotap.';

/** One firehose message as a collector received it. */
export interface TappedMessage {
  /** Time of receipt, nanoseconds since the epoch. */
  readonly receivedNs: bigint;
  /** The firehose's own routing key: `publish.<exchange>` or `deliver.<queue>`. */
  readonly routingKey: string;
  /** The firehose's headers, unchecked. */
  readonly headers: unknown;
  /** The original message's body, as on the wire. */
  readonly body: Uint8Array;
  /** True where the tap was behind when it came: its time is that of receipt, and late. Absent: false. */
  readonly isLagging?: boolean;
}

/** A message of a live tap. */
export interface LiveMessage extends TappedMessage {
  /** The broker gave it before: to this program, which then lost the connection, or to the one before it. */
  readonly isRedelivered: boolean;
}

/** Every message that was published before `tickNs` was received, by all taps that are at work. */
export interface Tick {
  readonly tickNs: bigint;
}

/** What live taps received while the chunk before was worked on. */
export interface Chunk {
  readonly items: readonly (LiveMessage | Tick)[];
  /** Gives it back to the broker. Call it once the chunk's events are durable. */
  acknowledge(): void;
}

/** What a request context tells: `_context_*` of oslo.context. */
export interface Context {
  /** `_context_request_id`, only in its own form `req-<uuid>`; anything else is null. */
  readonly requestId: string | null;
  /** `_context_global_request_id`, same form. */
  readonly globalRequestId: string | null;
  /** True where the context names a user: the work of a periodic task or an agent's loop has none. */
  readonly hasUser: boolean;
}

interface Request extends Context {
  /** `_unique_id`: 32 hex digits; joins a publish to its deliveries. */
  readonly uniqueId: string;
  readonly method: string;
  /** For the object calls of oslo.versionedobjects, what they really do: `Instance.save`. */
  readonly object: string | null;
  readonly namespace: string | null;
  readonly version: string | null;
}

export interface Call extends Request {
  readonly kind: 'call';
  /** `_msg_id`: 32 hex digits; joins a request to its reply. */
  readonly msgId: string;
  /** `_reply_q`: the queue of the calling process. */
  readonly replyQueue: string;
}

export interface Cast extends Request {
  readonly kind: 'cast';
}

export interface Fanout extends Request {
  readonly kind: 'fanout';
}

export interface Reply {
  readonly kind: 'reply';
  readonly uniqueId: string;
  readonly msgId: string;
  /** False in a call-monitor heartbeat: the server still works on it. */
  readonly ending: boolean;
  /** Class of the exception, `module.Class`, or null where the call succeeded. */
  readonly failure: string | null;
}

export interface Notification extends Context {
  readonly kind: 'notification';
  readonly uniqueId: string;
  readonly eventType: string;
  readonly publisherId: string | null;
  /** What the audit filter tells of an HTTP request; null in any other notification, and where it cannot be read. */
  readonly audit: AuditedRequest | null;
}

/**
 * An HTTP request that an API's audit filter tells of, once as it comes and once as it is answered: `audit.http.request`
 * and `audit.http.response`, CADF events. Source: keystonemiddleware's `audit/_api.py`, pycadf's `event.py`.
 */
export interface AuditedRequest {
  readonly isResponse: boolean;
  /** The id that the API gave the request, and answers with. The notification's own context has another. */
  readonly requestId: string | null;
  /** The id that its caller passed on: a service's. A user's client passes none, or one that is its own. */
  readonly globalRequestId: string | null;
  /** CADF's, `read/list`: create, read, update, delete, and what the API's audit map says of an action. */
  readonly action: string;
  /** A template: `/v2.1/servers/{id}/action`. Names in it are `{name}`; the query is left out. */
  readonly path: string;
  /** HTTP status; null as long as it is not answered. */
  readonly status: number | null;
}

/** What OpenStack calls an object that messages are about. `unknown`: a uuid whose place does not say of what. */
export type ResourceType =
  | 'instance'
  | 'port'
  | 'network'
  | 'subnet'
  | 'router'
  | 'floating_ip'
  | 'security_group'
  | 'volume'
  | 'snapshot'
  | 'backup'
  | 'image'
  | 'node'
  | 'load_balancer'
  | 'stack'
  | 'cluster'
  | 'unknown';

export interface Resource {
  readonly type: ResourceType;
  /** A uuid. */
  readonly id: string;
}

export type OsloMessage = Call | Cast | Fanout | Reply | Notification;
export type MessageKind = OsloMessage['kind'];

interface Hop {
  readonly timeNs: bigint;
  readonly vhost: string;
  /** Exchange of the original message; `""` is the default exchange, where replies go. */
  readonly exchange: string;
  /** Routing key of the original message. */
  readonly routingKey: string;
  /** `10.77.0.11:46936 -> 10.77.0.1:5672`; `''` where the tap is no firehose and cannot know. */
  readonly connection: string;
  readonly channel: number;
  /** Size of the body as on the wire, before decompression. */
  readonly bytes: number;
  /** True where the tap was behind: `timeNs` is late, and tells nothing of how long anything took. */
  readonly isLagging: boolean;
  readonly message: OsloMessage;
}

/** A client gave the broker a message. */
export interface Publish extends Hop {
  readonly event: 'publish';
  /** Queues that took the message. Not reliable on the default exchange, where it repeats the routing key. */
  readonly routedQueues: readonly string[];
  /** AMQP `expiration`: the caller's time-out in milliseconds; only calls have it. */
  readonly expirationMs: number | null;
  /** What the arguments, the payload or an audited path are about; at most 256. */
  readonly resources: readonly Resource[];
  /**
   * Names and JSON types of a method's arguments, as JSON: `{"host":"string","instance":"object<Instance>"}`, at most 2,000
   * characters. `''` where there can be none (notifications, replies), and of large bodies that were not read.
   */
  readonly arguments: string;
}

/** The broker wrote a message to a consumer's socket. It does not say that anybody read it. */
export interface Delivery extends Hop {
  readonly event: 'deliver';
  readonly queue: string;
  readonly redelivered: boolean;
  /** `x-delivery-count` of a quorum queue's redelivery; 0 otherwise. */
  readonly deliveryCount: number;
  /** `x-stream-offset` where the queue is a stream, else null. */
  readonly streamOffset: number | null;
}

/** Why an event could not be understood: the closed list. */
export type UndecodableReason =
  | 'bad_headers'
  | 'unknown_compression'
  | 'corrupt_compression'
  | 'too_large'
  | 'not_json'
  | 'not_oslo'
  | 'no_unique_id';

/** An event that could not be understood: counted, and kept as structure, never as bytes. */
export interface Undecodable {
  readonly event: 'undecodable';
  readonly reason: UndecodableReason;
  readonly timeNs: bigint;
  /** `publish` or `deliver` where the firehose's routing key says so. */
  readonly direction: 'publish' | 'deliver' | 'unknown';
  readonly exchange: string;
  readonly queue: string;
  readonly connection: string;
  readonly bytes: number;
}

export type BrokerEvent = Publish | Delivery;
