/** Which taps `oslotap run` is to run: the settings, checked, and a plan for each tap and vhost. */
import type { Broker } from '../../collectors/amqp/url.ts';
import type { Tier } from '../../collectors/firehose/firehose.ts';
import { firehosePlan } from '../../collectors/firehose/plan.ts';
import { ManagementApi } from '../../collectors/management/api.ts';
import { notificationsPlan, requestsPlan } from '../../collectors/notifications/plan.ts';
import { ShovelApi } from '../../collectors/shovel/api.ts';
import { shovelPlan } from '../../collectors/shovel/plan.ts';
import { Misuse } from '../errors.ts';
import type { LiveSetUp, TapPlans, VhostPlan } from '../service/set-up.ts';
import type { Settings } from '../settings/schema.ts';
import { placedAt, readSource } from './live-options.ts';

type TapName = NonNullable<Settings['tap']['kinds']>[number];

/** @throws Misuse */
export function readTapPlans(settings: Settings, setUp: LiveSetUp): TapPlans {
  const { tier, kinds } = settings.tap;
  const taps: readonly TapName[] = kinds === undefined ? ['firehose'] : [...new Set(kinds)];
  if (taps.length === 0) throw new Misuse('--tap: it names none: firehose, shovel or notifications');
  refuseMixtures(settings, taps);
  const plans =
    tier !== 'requests' && taps.includes('shovel') ? readShovel(settings, setUp, tier) : plansOfAll(settings, setUp, taps);
  if (settings.tap.arm) refuseArming(plans, taps.includes('shovel'));
  return plans;
}

function refuseMixtures({ tap, source }: Settings, taps: readonly TapName[]): void {
  const { tier, exchanges, notificationTopics } = tap;
  const isOnlyFirehose = taps.length === 1 && taps[0] === 'firehose';
  if (tier === 'requests' && !isOnlyFirehose) throw new Misuse('--tier requests is a tap of its own: leave out --tap');
  if (taps.includes('shovel')) {
    if (taps.length > 1) throw new Misuse('--tap shovel goes alone: notifications are in the firehose that it brings');
  } else if (source.amqp.url !== undefined || source.api.urls.length > 0) {
    throw new Misuse('--source-amqp and --source-api are for --tap shovel');
  }
  const hasNotifications = taps.includes('notifications');
  if (notificationTopics !== undefined && !hasNotifications) throw new Misuse('--notification-topics is for --tap notifications');
  if (exchanges !== undefined && !hasNotifications && tier !== 'requests') {
    throw new Misuse('--exchanges is for --tap notifications and for --tier requests');
  }
}

function refuseArming({ plans, apis }: TapPlans, isShovel: boolean): void {
  if (!plans.some(({ isFirehose }) => isFirehose)) throw new Misuse('--arm is for the firehose: this tap does without');
  if (apis.length > 0) return;
  throw new Misuse(`--arm needs ${isShovel ? '--source-api' : '--api'}: the management API of each node`);
}

function plansOfAll(settings: Settings, setUp: LiveSetUp, taps: readonly TapName[]): TapPlans {
  const { tier } = settings.tap;
  const plans = setUp.brokers.flatMap((broker) => plansOf(broker, taps, settings, setUp));
  const start = tier === 'requests' || (tier === 'full' && !taps.includes('firehose')) ? 'publish' : tier;
  return { plans, tier: start, apis: setUp.apis, close: () => {} };
}

function plansOf(broker: Broker, taps: readonly TapName[], { tap }: Settings, { tls, apis }: LiveSetUp): VhostPlan[] {
  const common = { broker, tls, exchanges: tap.exchanges ?? null };
  if (tap.tier === 'requests') {
    const [api] = apis;
    if (api === undefined) throw new Misuse('--tier requests needs --api: it tells which fanout exchanges there are');
    return [{ ...requestsPlan(common, api), isMain: true }];
  }
  const plans = [
    ...(taps.includes('firehose') ? [firehosePlan(broker)] : []),
    ...(taps.includes('notifications') ? [notificationsPlan(common, tap.notificationTopics)] : []),
  ];
  return plans.map((plan, nth) => ({ ...plan, isMain: nth === 0 }));
}

function readShovel({ source: { amqp, api }, api: { urls } }: Settings, setUp: LiveSetUp, tier: Tier): TapPlans {
  const [target] = setUp.brokers;
  if (target === undefined || setUp.brokers.length > 1) {
    throw new Misuse(
      '--tap shovel follows one vhost: the one in --source-amqp; run an oslotap for each, into a vhost of its own',
    );
  }
  const source = amqp.url === undefined ? null : readSource(amqp.url);
  const [url] = urls;
  if (source !== null && url === undefined) {
    throw new Misuse('--source-amqp needs --api, of the broker at --amqp: the shovel is made by it');
  }
  const { tls, bounds } = setUp;
  const shovelApi = url === undefined ? null : new ShovelApi(url, tls);
  const apis = api.urls.map((text) => placedAt('--source-api', () => new ManagementApi(text, tls)));
  const close = () => {
    shovelApi?.close();
    for (const other of apis) other.close();
  };
  const plan = shovelPlan({ target, api: shovelApi, source, tls, bounds, tier });
  return { plans: [{ ...plan, isMain: true }], tier, apis, close };
}
