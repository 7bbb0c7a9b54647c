/** Settings of what is taken for an RPC storm, and of who is told. */
import { leaf, section } from './leaf.ts';
import { durationFrom, listOf, numberFrom, text, webUrl, whole, yesNo } from './values.ts';

/** Beyond what a broker takes in. Messages a second. */
const RATE_MAX = 1_000_000;
/** At one all would be a storm. */
const FACTOR_MIN = 1.1;
const FACTOR_MAX = 10_000;

export const storms = section(
  { title: 'Storms:', about: 'what is taken for an RPC storm, and who is told' },
  {
    enabled: leaf(yesNo.default(true), {
      flag: '--storms',
      description: 'learn what is usual, and tell of RPC storms; --no-storms: do not',
    }),
    baseline: leaf(text.optional(), {
      flag: '--baseline <FILE>',
      description: 'what is usual is learned from this first: a capture, or a baseline file',
      otherwise: 'it is learned from what passes',
      example: '/var/lib/oslotap/usual.ndjson.gz',
    }),
    warmUp: leaf(durationFrom('0s', '24h').prefault('10m'), {
      flag: '--storms-warm-up <TIME>',
      description: 'it learns for so long before it tells of anything: 0s to 24h',
    }),
    factor: leaf(numberFrom(FACTOR_MIN, FACTOR_MAX).default(5), {
      flag: '--storms-factor <N>',
      description: 'a storm is more than so many times the usual mean',
      unit: 'times',
    }),
    peakFactor: leaf(numberFrom(FACTOR_MIN, FACTOR_MAX).default(2.5), {
      flag: '--storms-peak-factor <N>',
      description: 'and more than so many times the usual at its busiest',
      unit: 'times',
    }),
    messagesMin: leaf(whole(1, RATE_MAX).default(10), {
      flag: '--storms-messages-min <N>',
      description:
        "whatever is usual, fewer messages of a method's background work, or users' requests that use it, are no storm; beyond 100 hosts it is more, by their number",
      unit: 'messages/second',
    }),
    requestMessagesMin: leaf(whole(1, RATE_MAX).default(200), {
      flag: '--storms-request-messages-min <N>',
      description: 'the same of the messages of one method within one request',
      unit: 'messages',
    }),
    copiesMin: leaf(whole(1, RATE_MAX).default(100), {
      flag: '--storms-copies-min <N>',
      description: "the same of the copies that a method's fanouts make, one for each queue",
      unit: 'copies/second',
    }),
    hostMessagesMin: leaf(whole(1, RATE_MAX).default(10), {
      flag: '--storms-host-messages-min <N>',
      description: 'the same of the messages of one method from one sender',
      unit: 'messages/second',
    }),
    ignore: leaf(listOf(text).default([]), {
      flag: '--storms-ignore <METHOD...>',
      description: "methods, or objects' methods, that are never told of",
      otherwise: 'none',
      example: '[instance_usage_audit, Service.save]',
    }),
    hold: leaf(durationFrom('1s', '1h').prefault('30s'), {
      flag: '--storms-hold <TIME>',
      description: 'a storm has ended once all has been calm for so long: 1s to 1h',
    }),
    webhook: section(
      { title: 'Storms:', about: 'who is told, by a POST with JSON when a storm begins and when it ends: docs/webhook.md' },
      {
        url: leaf(webUrl.optional(), {
          flag: '--storms-webhook <URL>',
          description: 'where the beginnings and ends of storms are told: http[s]://HOST[:PORT]/PATH; its path is never printed',
          otherwise: 'nobody is told',
          example: 'https://hooks.example.org/oslotap',
          isUrl: true,
          hasSecretPath: true,
        }),
        token: leaf(text.optional(), {
          description: 'a bearer token to send; better in a file of its own',
          isSecret: true,
        }),
        tokenFile: leaf(text.optional(), {
          flag: '--storms-webhook-token-file <FILE>',
          description: 'file with a bearer token to send, and nothing else',
          example: '/etc/oslotap/webhook-token',
        }),
        ca: leaf(text.optional(), {
          flag: '--storms-webhook-ca <FILE>',
          description: "the authority that signed the receiver's certificate, PEM",
          otherwise: "the system's authorities",
          example: '/etc/oslotap/webhook-ca.pem',
        }),
        timeout: leaf(durationFrom('1s', '60s').prefault('5s'), {
          flag: '--storms-webhook-timeout <TIME>',
          description: 'how long one attempt may take: 1s to 60s; there are up to six',
        }),
      },
    ),
  },
);
