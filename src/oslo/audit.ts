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
import { stringEnd } from './escaped-json.ts';
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
  globalRequestId: Buffer.from('\\"global_request_id\\": ', 'latin1'),
  target: Buffer.from('\\"target\\": ', 'latin1'),
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

/** @returns null where a value that every such event has is not found, or one is there but not in its plain form. */
function scan(body: Buffer, isResponse: boolean): Found | null {
  const payload = body.indexOf(PAYLOAD);
  const initiator = body.indexOf(KEY.initiator, payload);
  const target = body.indexOf(KEY.target, initiator);
  const path = body.indexOf(KEY.requestPath, target);
  if (payload < 0 || initiator < 0 || target < 0 || path < 0) return null;
  const action = textBehind(body, KEY.action, payload, initiator);
  const requestPath = textBehind(body, KEY.requestPath, path, body.length);
  const requestId = textBehind(body, KEY.requestId, initiator, target);
  const globalRequestId = textBehind(body, KEY.globalRequestId, initiator, target);
  const reasonCode = isResponse ? textBehind(body, KEY.reasonCode, path, body.length) : undefined;
  if (action === undefined || requestPath === undefined) return null;
  const found = { action, requestId, globalRequestId, requestPath, reasonCode };
  return Object.values(found).includes(null) ? null : found;
}

/** The text behind a key that stands between two places: undefined where it does not, null where that is no plain text. */
function textBehind(body: Buffer, key: Buffer, from: number, to: number): string | null | undefined {
  const at = body.subarray(from, to).indexOf(key);
  if (at < 0) return undefined;
  const start = from + at + key.length;
  const end = stringEnd(body, start, body.length);
  return end < 0 ? null : latin1(body, start + 2, end - 2);
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
