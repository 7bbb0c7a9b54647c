/** Which taps `oslotap run` is to run: the options, checked, and a plan for each tap and vhost. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Broker, parseAmqpUrl } from '../../collectors/amqp/url.ts';
import type { Tier } from '../../collectors/firehose/firehose.ts';
import { firehosePlan } from '../../collectors/firehose/plan.ts';
import { ManagementApi } from '../../collectors/management/api.ts';
import { NOTIFICATION_TOPICS, notificationsPlan, requestsPlan } from '../../collectors/notifications/plan.ts';
import { ShovelApi } from '../../collectors/shovel/api.ts';
import { shovelPlan } from '../../collectors/shovel/plan.ts';
import { Misuse } from '../errors.ts';
import type { LiveSetUp, TapPlans, VhostPlan } from '../service/set-up.ts';
import { type LiveOptions, toList, warnOfPassword } from './live-options.ts';

const TAPS = ['firehose', 'shovel', 'notifications'] as const;
type TapName = (typeof TAPS)[number];

export interface TapPlanOptions {
  readonly tap?: readonly TapName[];
  readonly tier: Tier | 'requests';
  readonly exchanges?: readonly string[];
  readonly notificationTopics?: readonly string[];
  readonly sourceAmqp?: string;
  readonly sourceApi?: readonly string[];
}

export function addTapOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--tap <TAP...>', 'what to tap: firehose, shovel, notifications; also firehose and notifications together')
        .env('OSLOTAP_TAP')
        .argParser(toTaps),
    )
    .addOption(
      new Option(
        '--tier <TIER>',
        'how much to take: full, publish (no deliveries: half the cost), off; requests: without the firehose, see below',
      )
        .choices(['full', 'publish', 'off', 'requests'])
        .env('OSLOTAP_TIER')
        .default('full'),
    )
    .addOption(
      new Option(
        '--exchanges <NAME...>',
        'notifications, requests: topic exchanges (default: those of known services that are there)',
      )
        .env('OSLOTAP_EXCHANGES')
        .argParser(toList),
    )
    .addOption(
      new Option('--notification-topics <TOPIC...>', `notifications: their topics (default: ${NOTIFICATION_TOPICS.join(', ')})`)
        .env('OSLOTAP_NOTIFICATION_TOPICS')
        .argParser(toList),
    )
    .addOption(
      new Option(
        '--source-amqp <URL>',
        "shovel: the services' broker, as the broker at --amqp reaches it; --amqp takes the copies",
      ).env('OSLOTAP_SOURCE_AMQP'),
    )
    .addOption(
      new Option('--source-api <URL...>', 'shovel: its management APIs, one for each node')
        .env('OSLOTAP_SOURCE_API')
        .argParser(toList),
    );
}

function toTaps(text: string, before: readonly TapName[] = []): TapName[] {
  const names = toList(text, before);
  const unknown = names.find((name) => !TAPS.includes(name as TapName));
  if (unknown !== undefined) throw new InvalidArgumentError(`Allowed choices are ${TAPS.join(', ')}.`);
  return [...new Set(names)] as TapName[];
}

/** @throws Misuse */
export function readTapPlans(options: TapPlanOptions & LiveOptions, setUp: LiveSetUp, command: Command): TapPlans {
  const taps = options.tap ?? ['firehose'];
  refuseMixtures(options, taps);
  if (taps.includes('shovel')) return readShovel(options, setUp, command);
  const plans = setUp.brokers.flatMap((broker) => plansOf(broker, taps, options, setUp));
  const tier = options.tier === 'requests' || (options.tier === 'full' && !taps.includes('firehose')) ? 'publish' : options.tier;
  return { plans, tier, apis: setUp.apis, close: () => {} };
}

function refuseMixtures(options: TapPlanOptions, taps: readonly TapName[]): void {
  const { tier, exchanges, notificationTopics, sourceAmqp, sourceApi } = options;
  const isOnlyFirehose = taps.length === 1 && taps[0] === 'firehose';
  if (tier === 'requests' && !isOnlyFirehose) throw new Misuse('--tier requests is a tap of its own: leave out --tap');
  if (taps.includes('shovel')) {
    if (taps.length > 1) throw new Misuse('--tap shovel goes alone: notifications are in the firehose that it brings');
  } else if (sourceAmqp !== undefined || sourceApi !== undefined) {
    throw new Misuse('--source-amqp and --source-api are for --tap shovel');
  }
  const hasNotifications = taps.includes('notifications');
  if (notificationTopics !== undefined && !hasNotifications) throw new Misuse('--notification-topics is for --tap notifications');
  if (exchanges !== undefined && !hasNotifications && tier !== 'requests') {
    throw new Misuse('--exchanges is for --tap notifications and for --tier requests');
  }
}

function plansOf(broker: Broker, taps: readonly TapName[], options: TapPlanOptions, { tls, apis }: LiveSetUp): VhostPlan[] {
  const common = { broker, tls, exchanges: options.exchanges ?? null };
  if (options.tier === 'requests') {
    const [api] = apis;
    if (api === undefined) throw new Misuse('--tier requests needs --api: it tells which fanout exchanges there are');
    return [{ ...requestsPlan(common, api), isMain: true }];
  }
  const plans = [
    ...(taps.includes('firehose') ? [firehosePlan(broker)] : []),
    ...(taps.includes('notifications') ? [notificationsPlan(common, options.notificationTopics)] : []),
  ];
  return plans.map((plan, nth) => ({ ...plan, isMain: nth === 0 }));
}

function readShovel(options: TapPlanOptions & LiveOptions, setUp: LiveSetUp, command: Command): TapPlans {
  const { tier, sourceAmqp, sourceApi = [], api = [] } = options;
  for (const [name, key] of [
    ['source-amqp', 'sourceAmqp'],
    ['source-api', 'sourceApi'],
  ] as const) {
    if (command.getOptionValueSource(key) === 'cli') warnOfPassword(name, options[key] ?? '');
  }
  const [target] = setUp.brokers;
  if (target === undefined || setUp.brokers.length > 1) {
    throw new Misuse(
      '--tap shovel follows one vhost: the one in --source-amqp; run an oslotap for each, into a vhost of its own',
    );
  }
  const source = sourceAmqp === undefined ? null : parseSource(sourceAmqp);
  const [url] = api;
  if (source !== null && url === undefined) {
    throw new Misuse('--source-amqp needs --api, of the broker at --amqp: the shovel is made by it');
  }
  const { tls, bounds } = setUp;
  const shovelApi = url === undefined ? null : new ShovelApi(url, tls);
  const apis = sourceApi.map((text) => new ManagementApi(text, tls));
  const close = () => {
    shovelApi?.close();
    for (const other of apis) other.close();
  };
  return {
    plans: [{ ...shovelPlan({ target, api: shovelApi, source, tls, bounds, tier: tier as Tier }), isMain: true }],
    tier: tier as Tier,
    apis,
    close,
  };
}

function parseSource(url: string): Broker {
  try {
    return parseAmqpUrl(url);
  } catch (error) {
    throw error instanceof Misuse ? new Misuse(error.message.replace('--amqp', '--source-amqp')) : error;
  }
}
