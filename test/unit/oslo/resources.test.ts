import { describe, expect, it } from 'vitest';
import { RESOURCES_MAX, resourcesOf } from '../../../src/oslo/resources.ts';

const A = '6f1d2e3c-0000-4000-8000-123456789abc';
const B = '7f1d2e3c-0000-4000-8000-123456789abc';

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
    expect(resourcesOf(Buffer.from(body))).toEqual(expected);
  });

  it('are bounded', () => {
    const uuids = Array.from({ length: RESOURCES_MAX + 10 }, (_, i) => `${String(i).padStart(8, '0')}${A.slice(8)}`);
    expect(resourcesOf(Buffer.from(`{"args": ${JSON.stringify(uuids)}}`))).toEqual(uuids.slice(0, RESOURCES_MAX));
  });
});
