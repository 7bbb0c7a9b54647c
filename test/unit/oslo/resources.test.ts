import { describe, expect, it } from 'vitest';
import { RESOURCES_MAX, resourcesOf } from '../../../src/oslo/resources.ts';

const A = '6f1d2e3c-0000-4000-8000-123456789abc';
const B = '7f1d2e3c-0000-4000-8000-123456789abc';

const idsOf = (body: string) => resourcesOf(Buffer.from(body)).map(({ id }) => id);

describe('the resources of a message', () => {
  it.each<[string, string, readonly string[]]>([
    ['each uuid once, in order', `{"args": {"a": "${B}", "b": ["${A}", "${B}"]}}`, [B, A]],
    ['uuids in the middle of a text', `{"args": "/servers/${A}/action?id=${B}"}`, [A, B]],
    ['no request ids', `{"args": "req-${A}"}`, []],
    ['nothing before the arguments', `{"message_id": "${A}", "payload": {"id": "${B}"}}`, [B]],
    ['no part of a longer run of hex digits', `{"args": "a${A} ${B}0"}`, []],
    ['no upper case', `{"args": "${A.toUpperCase()}"}`, []],
    ['nothing that is cut off', `{"args": "${A.slice(0, -1)}`, []],
    ['dashes alone', `{"args": "${'-'.repeat(100)}"}`, []],
  ])('are %s', (_, body, expected) => {
    expect(idsOf(body)).toEqual(expected);
  });

  it('are bounded', () => {
    const uuids = Array.from({ length: RESOURCES_MAX + 10 }, (_, i) => `${String(i).padStart(8, '0')}${A.slice(8)}`);
    expect(idsOf(`{"args": ${JSON.stringify(uuids)}}`)).toEqual(uuids.slice(0, RESOURCES_MAX));
  });

  it.each<[string, string, readonly string[]]>([
    ['the key that they stand under', `{"args": {"port_id": "${A}", "other": "${B}"}}`, ['port', 'unknown']],
    ['that of their list', `{"args": {"volume_ids": ["${A}", "${B}"]}}`, ['volume', 'volume']],
    ['that of another of their places', `{"args": {"id": "${A}", "x": {"instance_uuid": "${A}"}}}`, ['instance']],
    ['an escaped key', `{"args": {"device_id": "${A}"}}`, ['instance']],
    ['no key that is far away', `{"args": {"port_ids": [1], "b": {"${A}": 1}}}`, ['unknown']],
  ])('are told by %s', (_, body, expected) => {
    expect(resourcesOf(Buffer.from(body)).map(({ type }) => type)).toEqual(expected);
  });
});
