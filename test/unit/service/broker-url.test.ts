import { expect, test } from 'vitest';
import { describeBroker, parseAmqpUrl } from '../../../collectors/amqp/url.ts';
import { Misuse } from '../../../src/errors.ts';

const LOCAL = { hosts: [{ host: 'h', port: 5672 }], user: 'guest', password: 'guest', vhost: '/', isTls: false };

test.each([
  ['amqp://h', LOCAL],
  ['amqp://h/', LOCAL],
  ['rabbit://u:p@h', { ...LOCAL, user: 'u', password: 'p' }],
  ['amqp://u:p%40ss%2F@h:1/nova', { ...LOCAL, user: 'u', password: 'p@ss/', hosts: [{ host: 'h', port: 1 }], vhost: 'nova' }],
  ['amqp://u:p:q@h/%2Fcell1', { ...LOCAL, user: 'u', password: 'p:q', vhost: '/cell1' }],
  ['amqps://h', { ...LOCAL, hosts: [{ host: 'h', port: 5671 }], isTls: true }],
  ['amqp://[::1]:5/', { ...LOCAL, hosts: [{ host: '::1', port: 5 }] }],
  // oslo.messaging's transport_url names the credentials for each host
  ['rabbit://u:p@a:5672,u:p@b:5673//cell', null],
  [
    'rabbit://u:p@a,u:p@b:5673/cell',
    {
      ...LOCAL,
      user: 'u',
      password: 'p',
      hosts: [
        { host: 'a', port: 5672 },
        { host: 'b', port: 5673 },
      ],
      vhost: 'cell',
    },
  ],
])('%s', (text, expected) => {
  if (expected === null) expect(() => parseAmqpUrl(text)).toThrow(Misuse);
  else expect(parseAmqpUrl(text)).toEqual(expected);
});

test.each([
  '',
  'localhost',
  'http://h/',
  'amqp://',
  'amqp://u:secret@',
  'amqp://u:secret@h:0/',
  'amqp://u:secret@h:99999',
  'amqp://u:%zz-secret@h/',
])("'%s' is refused in one line, without its password", (text) => {
  const refuse = () => parseAmqpUrl(text);
  expect(refuse).toThrow(Misuse);
  expect(refuse).toThrow(expect.objectContaining({ message: expect.not.stringMatching(/secret|\n/) }));
});

test('for people there are no credentials in it', () => {
  expect(describeBroker(parseAmqpUrl('amqps://u:secret@a,b:1/x'))).toBe('amqps://a:5671,b:1/x');
});
