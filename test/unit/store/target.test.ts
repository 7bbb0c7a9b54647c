/** Where a STORE argument points. */
import { expect, test } from 'vitest';
import { Misuse } from '../../../src/errors.ts';
import { parseStore } from '../../../src/store/store.ts';

test.each([
  ['http://db1', 'http://db1:8123/', 'default', '', 'default'],
  ['https://db1/', 'https://db1:8443/', 'default', '', 'default'],
  ['http://db1:80/oslo', 'http://db1:80/', 'default', '', 'oslo'],
  ['http://tap@db1/oslo/', 'http://db1:8123/', 'tap', '', 'oslo'],
  ['http://tap:123@db1/oslo', 'http://db1:8123/', 'tap', '123', 'oslo'],
  ['https://tap:p%40%25ss@[::1]:9/a%20b', 'https://[::1]:9/', 'tap', 'p@%ss', 'a b'],
])('%s', (text, url, user, password, database) => {
  expect(parseStore(text)).toEqual({ kind: 'server', url, user, password, database });
});

test.each([
  ['http://', /no address of a server/],
  ['http://u:s3cr3t@', /no address of a server/],
  ['http://u:s3cr3t@db1/a/b', /its path is one database/],
  ['http://u:s3cr3t@db1/a?async_insert=1', /settings in the URL are not taken/],
  ['http://u:s3cr3t%@db1/a', /write it as %25/],
])('%s is refused, and not repeated', (text, words) => {
  expect(() => parseStore(text)).toThrow(Misuse);
  expect(() => parseStore(text)).toThrow(words);
  expect(() => parseStore(text)).not.toThrow(/s3cr3t/);
});
