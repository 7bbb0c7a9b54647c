/**
 * What an audit notification tells of an HTTP request, read from the raw body: its payload is a CADF event of some 2 KB,
 * of which six values are of interest. They are found by their keys, which stand once escaped; the same words inside a
 * value of the caller's are escaped twice and do not match. What is not plainly so goes through the full parse.
 *
 *   "payload": {"action": "read/list", …, "initiator": {…, "request_id": "req-…", "global_request_id": "req-…"}, …,
 *               "requestPath": "/v2.0/ports?device_id=…", …, "reason": {"reasonType": "HTTP", "reasonCode": "200"}}
 */
import type { AuditedRequest, Resource } from '../message.ts';
import { readPath } from './api-path.ts';
import { latin1 } from './bytes.ts';
import { CLOSE_BRACE, startsWith, stringEnd } from './escaped-json.ts';
import { requestIdOf } from './fields.ts';
import { parseInner } from './parse.ts';

const PREFIX = 'audit.http.';
const RESPONSE = 'audit.http.response';
const PATH_BYTES_MAX = 4_096;
const ACTION = /^[a-z_]{1,32}(\/[\w.-]{1,64}){0,3}$/;
const PAYLOAD = Buffer.from('\\"payload\\": {', 'latin1');

const KEY = {
  action: Buffer.from('\\"action\\": ', 'latin1'),
  initiator: Buffer.from('\\"initiator\\": {', 'latin1'),
  requestId: Buffer.from('\\"request_id\\": ', 'latin1'),
  globalRequestId: Buffer.from(', \\"global_request_id\\": ', 'latin1'),
  requestPath: Buffer.from('\\"requestPath\\": ', 'latin1'),
  reasonCode: Buffer.from('\\"reasonCode\\": ', 'latin1'),
};

export interface Audit {
  readonly request: AuditedRequest;
  readonly resources: readonly Resource[];
}

interface Found {
  readonly action: unknown;
  readonly requestId: unknown;
  readonly globalRequestId: unknown;
  readonly requestPath: unknown;
  readonly reasonCode: unknown;
}

/** @returns null where the notification is no audit of an HTTP request, or cannot be understood. */
export function auditOf(body: Buffer, eventType: string): Audit | null {
  if (!eventType.startsWith(PREFIX)) return null;
  const isResponse = eventType === RESPONSE;
  const { action, requestId, globalRequestId, requestPath, reasonCode } = scan(body, isResponse) ?? parse(body);
  if (typeof requestPath !== 'string' || requestPath.length > PATH_BYTES_MAX) return null;
  const status = typeof reasonCode === 'string' || typeof reasonCode === 'number' ? Number(reasonCode) : Number.NaN;
  const { template, resources } = readPath(requestPath);
  return {
    request: {
      isResponse,
      requestId: requestIdOf(requestId),
      globalRequestId: requestIdOf(globalRequestId),
      action: typeof action === 'string' && ACTION.test(action) ? action : 'unknown',
      path: template,
      status: Number.isInteger(status) && status >= 100 && status <= 599 ? status : null,
    },
    resources,
  };
}

/** @returns null where the values do not stand plainly in the order in which pycadf writes them. */
function scan(body: Buffer, isResponse: boolean): Found | null {
  const action = valueAt(body, KEY.action, body.indexOf(PAYLOAD));
  const initiator = action === null ? -1 : body.indexOf(KEY.initiator, action.end);
  const requestId = valueAt(body, KEY.requestId, initiator);
  if (action === null || requestId === null) return null;
  const globalRequestId = startsWith(body, KEY.globalRequestId, requestId.end)
    ? valueAt(body, KEY.globalRequestId, requestId.end)
    : undefined;
  if (globalRequestId === null || (globalRequestId === undefined && body[requestId.end] !== CLOSE_BRACE)) return null;
  const requestPath = valueAt(body, KEY.requestPath, requestId.end);
  const reasonCode = isResponse && requestPath !== null ? valueAt(body, KEY.reasonCode, requestPath.end) : undefined;
  if (requestPath === null || reasonCode === null) return null;
  return {
    action: action.text,
    requestId: requestId.text,
    globalRequestId: globalRequestId?.text,
    requestPath: requestPath.text,
    reasonCode: reasonCode?.text,
  };
}

interface Value {
  readonly text: string;
  /** Just behind it. */
  readonly end: number;
}

/** The text behind the next such key, from a place on; null where there is none, or none that is plain. */
function valueAt(body: Buffer, key: Buffer, from: number): Value | null {
  const at = from < 0 ? -1 : body.indexOf(key, from);
  if (at < 0) return null;
  const start = at + key.length;
  const end = stringEnd(body, start, body.length);
  return end < 0 ? null : { text: latin1(body, start + 2, end - 2), end };
}

function parse(body: Buffer): Found {
  const payload = tableOf(parseInner(body)?.payload);
  const initiator = tableOf(payload.initiator);
  return {
    action: payload.action,
    requestId: initiator.request_id,
    globalRequestId: initiator.global_request_id,
    requestPath: payload.requestPath,
    reasonCode: tableOf(payload.reason).reasonCode,
  };
}

function tableOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
