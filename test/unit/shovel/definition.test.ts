import { expect, test } from 'vitest';
import { parseAmqpUrl } from '../../../collectors/amqp/url.ts';
import { shovelDefinition } from '../../../collectors/shovel/definition.ts';

const BOUNDS = { lengthMax: 10, bytesMax: 20, expiresMs: 30 };

test('a shovel reads the bounded queue, and would make no other; keys, headers and bodies stay', () => {
  const source = parseAmqpUrl('amqps://tap:p%40ss@ctl1:5671,[::1]:5671/cloud%2F1');
  expect(shovelDefinition(source, parseAmqpUrl('amqp://u:secret@lab/copies'), BOUNDS)).toEqual({
    'src-protocol': 'amqp091',
    'src-uri': ['amqps://tap:p%40ss@ctl1:5671/cloud%2F1', 'amqps://tap:p%40ss@[::1]:5671/cloud%2F1'],
    'src-queue': 'oslotap.shovel',
    'src-queue-args': {
      'x-queue-type': 'classic',
      'x-queue-mode': 'lazy',
      'x-max-length': 10,
      'x-max-length-bytes': 20,
      'x-overflow': 'drop-head',
      'x-expires': 30,
    },
    'src-prefetch-count': 1_000,
    'dest-protocol': 'amqp091',
    'dest-uri': 'amqp:///copies',
    'dest-exchange': 'oslotap.trace',
    'ack-mode': 'on-confirm',
    'add-forward-headers': false,
    'reconnect-delay': 5,
  });
});

test('the default vhost is written out: for the broker a bare / is a vhost without a name', () => {
  const [uri] = shovelDefinition(parseAmqpUrl('amqp://a:b@h/'), parseAmqpUrl('amqp://a:b@h'), BOUNDS)['src-uri'] as string[];
  expect(uri).toBe('amqp://a:b@h:5672/%2F');
});
