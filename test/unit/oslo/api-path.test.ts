/** Paths of OpenStack's APIs: what of them may leave the decoder, and what they are about. */
import { describe, expect, test } from 'vitest';
import { readPath } from '../../../src/oslo/api-path.ts';

const A = '6f1d2e3c-0000-4000-8000-123456789abc';
const B = '7f1d2e3c-0000-4000-8000-123456789abc';
const PROJECT = '688cf228ccd1409795ab0ccc737997db';

describe('a template', () => {
  test.each([
    ['/v2.1/servers', '/v2.1/servers'],
    ['/v2.1/servers/detail?all_tenants=True&name=secret', '/v2.1/servers/detail'],
    [`/v2.1/servers/${A}/action`, '/v2.1/servers/{id}/action'],
    [`/v2.1/servers/${A}/os-volume_attachments/${B}`, '/v2.1/servers/{id}/os-volume_attachments/{id}'],
    [`/v3/${PROJECT}/volumes/${A}`, '/v3/{id}/volumes/{id}'],
    ['/v2.0/ports.json', '/v2.0/{name}'],
    ['/v2.1/os-keypairs/my key', '/v2.1/os-keypairs/{name}'],
    ['/v2.1/os-hypervisors/12', '/v2.1/os-hypervisors/{id}'],
    ['/compute/v2.1/servers/', '/{name}/v2.1/servers/'],
    ['/', '/'],
    ['', ''],
  ])('of %s is %s', (path, template) => {
    expect(readPath(path).template).toBe(template);
  });

  test.each([
    ['a name', '/v2.1/os-keypairs/hunter2'],
    ['a name with escapes', '/v2.1/os-keypairs/hunter2%2F%C3%A9'],
    ['a name that is not ASCII', '/v2.1/flavors/hunter2-é😀'],
    ['a name in capitals', '/v2.1/flavors/HUNTER2'],
    ['a name of hex digits', '/v2.1/flavors/deadbeefhunter2'],
    ['a control character', '/v2.1/flavors/\u001b[31mhunter2\n'],
    ['parameters of a path', '/v2.1/servers;token=hunter2/detail'],
    ['a fragment', '/v2.1/servers#hunter2'],
    ['an address', 'http://admin:hunter2@ctl:8774/v2.1/servers'],
    ['a query', '/v2.1/servers?token=hunter2'],
    ['a second query', '/v2.1/servers?a=1?token=hunter2'],
    ['a backslash', '/v2.1\\hunter2/servers'],
    ['a version that is none', '/v2.1-hunter2/servers'],
    ['a word with blanks', '/v2.1/ servers hunter2'],
    ['a name of Object.prototype', '/v2.1/flavors/constructor/__proto__/hunter2'],
  ])('never has %s', (_, path) => {
    expect(readPath(path).template).toMatch(/^[\w./{}-]*$/);
    expect(readPath(path).template.toLowerCase()).not.toMatch(/hunter2|constructor|__proto__|token/);
  });
});

describe('the resources', () => {
  test.each<[string, readonly (readonly [string, string])[]]>([
    [`/v2.1/servers/${A}`, [['instance', A]]],
    [
      `/v2.1/servers/${A}/os-interface/${B}`,
      [
        ['instance', A],
        ['port', B],
      ],
    ],
    [`/v2.0/ports?device_id=${A}&fields=id`, [['instance', A]]],
    [
      `/v2.0/ports?id=${A}&id=${B}`,
      [
        ['port', A],
        ['port', B],
      ],
    ],
    [`/v2.1/flavors/${A}`, [['unknown', A]]],
    [`/v2.0/ports/${A}?id=${A}`, [['port', A]]],
    [`/v2.1/servers/${A.toUpperCase()}`, []],
    [`/v2.1/servers/${A}0`, []],
    ['/v2.1/servers/constructor', []],
    ['?', []],
  ])('of %s', (path, expected) => {
    expect(readPath(path).resources).toEqual(expected.map(([type, id]) => ({ type, id })));
  });
});
