/** Settings of what is tapped, and how. */
import { type LeafMeta, leaf, section } from './leaf.ts';
import { listOf, oneOf, text, whole, yesNo } from './values.ts';

/** RabbitMQ's x-expires is 32 bits of milliseconds. */
const EXPIRES_S_MAX = 4_294_967;
/** AMQP's prefetch-count is 16 bits. */
const PREFETCH_MAX = 65_535;

/** @param prefix of the flags: `amqp`, `source-api`. @param of `the broker at amqp.url` */
export function credentials(prefix: string, of: string) {
  return {
    user: leaf(text.optional(), {
      flag: `--${prefix}-user <USER>`,
      description: `user of ${of}, where the URL names none`,
      example: 'oslotap',
    }),
    password: leaf(text.optional(), {
      description: 'its password, where the URL has none; better in a file of its own, or in the environment',
      isSecret: true,
    }),
    passwordFile: leaf(text.optional(), {
      flag: `--${prefix}-password-file <FILE>`,
      description: `file with the password of ${of}, and nothing else`,
      example: `/etc/oslotap/${prefix}-password`,
    }),
  };
}

function urls(meta: LeafMeta) {
  return leaf(listOf(text).default([]), { ...meta, isUrl: true });
}

export const amqp = section(
  { title: 'Broker:', about: 'the RabbitMQ cluster that is listened to' },
  {
    url: leaf(text.default('amqp://localhost:5672/'), {
      flag: '--amqp <URL>',
      description: 'the broker: amqp[s]://USER:PASSWORD@HOST:PORT[,HOST:PORT…]/VHOST',
      otherwise: 'guest at localhost',
      isUrl: true,
    }),
    ...credentials('amqp', 'the broker'),
    vhosts: leaf(listOf(text).optional(), {
      flag: '--vhost <VHOST...>',
      description: "vhosts, instead of the URL's own",
      otherwise: "the URL's, else /",
      example: '[/, cell1]',
    }),
    prefetch: leaf(whole(0, PREFETCH_MAX).default(1_000), {
      flag: '--prefetch <N>',
      description:
        'messages on their way at once; 0: no acknowledgements: cheaper for the broker, a kill loses what was on its way',
      unit: 'messages',
    }),
  },
);

export const api = section(
  { title: 'Management API:', about: "RabbitMQ's management APIs: names of processes, the budget's figures, arming" },
  {
    urls: urls({
      flag: '--api <URL...>',
      description: 'management APIs, one for each node: http[s]://USER:PASSWORD@HOST:15672',
      example: '[http://ctl1:15672, http://ctl2:15672]',
    }),
    ...credentials('api', 'the management APIs'),
  },
);

export const tls = section(
  { title: 'TLS:', about: 'for amqps:// and https:// alike; PEM files' },
  {
    ca: leaf(text.optional(), {
      flag: '--ca <FILE>',
      description: 'TLS: the authority that signed the certificates, PEM',
      otherwise: "the system's authorities",
      example: '/etc/oslotap/ca.pem',
    }),
    cert: leaf(text.optional(), {
      flag: '--cert <FILE>',
      description: 'TLS: a certificate of our own, where the broker asks for one',
      example: '/etc/oslotap/cert.pem',
    }),
    key: leaf(text.optional(), { flag: '--key <FILE>', description: 'TLS: its key', example: '/etc/oslotap/key.pem' }),
  },
);

const TAPS = ['firehose', 'shovel', 'notifications'] as const;

export const tap = section(
  { title: 'Tap:', about: 'what is taken from the broker' },
  {
    kinds: leaf(listOf(oneOf(...TAPS)).optional(), {
      flag: '--tap <TAP...>',
      description: 'what to tap: firehose, shovel, notifications; also firehose and notifications together',
      otherwise: 'firehose',
      example: '[firehose]',
    }),
    tier: leaf(oneOf('full', 'publish', 'off', 'requests').default('full'), {
      flag: '--tier <TIER>',
      description:
        'how much to take: full, publish (no deliveries: half the cost), off; requests: without the firehose, and its senders notice (collectors/notifications)',
    }),
    exchanges: leaf(listOf(text).optional(), {
      flag: '--exchanges <NAME...>',
      description: 'notifications, requests: topic exchanges',
      otherwise: 'those of known services that are there',
      example: '[nova, neutron]',
    }),
    notificationTopics: leaf(listOf(text).optional(), {
      flag: '--notification-topics <TOPIC...>',
      description: 'notifications: their topics',
      otherwise: 'notifications, versioned_notifications',
      example: '[notifications]',
    }),
    arm: leaf(yesNo.default(false), {
      flag: '--arm',
      description: 'switch the firehose on where it is off, by --api, and off again at the end',
    }),
    queueLength: leaf(whole(1).default(200_000), {
      flag: '--queue-length <N>',
      description: 'the tap queue holds so many messages, then drops the oldest',
      unit: 'messages',
    }),
    queueBytes: leaf(whole(1).default(512 * 1024 * 1024), {
      flag: '--queue-bytes <N>',
      description: 'and so many bytes of bodies',
      unit: 'bytes',
    }),
    queueExpires: leaf(whole(1, EXPIRES_S_MAX).default(600), {
      flag: '--queue-expires <S>',
      description: 'the tap queue vanishes when nobody has consumed it for so long',
      unit: 'seconds',
    }),
    keepQueue: leaf(yesNo.default(false), {
      flag: '--keep-queue',
      description: 'leave the tap queue at the end, to go on from it (it is bounded, and expires)',
    }),
    lagMax: leaf(whole(1).default(5_000), {
      flag: '--lag-max <MS>',
      description: 'behind by more than this, times are marked as lagging',
      unit: 'milliseconds',
    }),
  },
);

export const source = section(
  { title: 'Shovel:', about: "the services' broker, where the tap is a shovel: amqp.url takes the copies then" },
  {
    amqp: section(
      { title: 'Shovel:', about: "the services' broker" },
      {
        url: leaf(text.optional(), {
          flag: '--source-amqp <URL>',
          description: "shovel: the services' broker, as the broker at --amqp reaches it; --amqp takes the copies",
          example: 'amqp://oslotap@ctl1:5672/',
          isUrl: true,
        }),
        ...credentials('source-amqp', "the services' broker"),
      },
    ),
    api: section(
      { title: 'Shovel:', about: "the services' broker's management APIs" },
      {
        urls: urls({
          flag: '--source-api <URL...>',
          description: 'shovel: its management APIs, one for each node',
          example: '[http://ctl1:15672]',
        }),
        ...credentials('source-api', 'its management APIs'),
      },
    ),
  },
);

export const budget = section(
  { title: 'Budget:', about: 'when the tap takes less, so that the broker is not hurt' },
  {
    rateMax: leaf(whole(0).default(0), {
      flag: '--rate-max <N>',
      description: 'budget: step down above so many events a second; 0: no limit',
      unit: 'events/second',
    }),
    memoryMax: leaf(whole(1, 100).default(90), {
      flag: '--memory-max <PERCENT>',
      description: "budget: step down above this part of the broker's memory limit (needs --api)",
      unit: 'percent',
    }),
    queueMax: leaf(whole(1, 100).default(80), {
      flag: '--queue-max <PERCENT>',
      description: 'budget: step down when the tap queue is so full (needs --api)',
      unit: 'percent',
    }),
    lagStep: leaf(whole(1).default(60), {
      flag: '--lag-step <S>',
      description: 'budget: step down when the tap lags by so much',
      unit: 'seconds',
    }),
    calm: leaf(whole(1).default(60), {
      flag: '--calm <S>',
      description: 'budget: step up again after so long without trouble',
      unit: 'seconds',
    }),
  },
);
