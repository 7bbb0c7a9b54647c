/** The storms' figures, read when somebody scrapes. */
import type { StormMethod, StormSignal } from '../storm.ts';
import type { Sample } from './definition.ts';
import type { Sources } from './page.ts';
import { cleaned } from './series.ts';
import type { StormsView } from './storm-view.ts';

/** Methods of open storms that have series of their own. */
export const STORM_SERIES_MAX = 16;

const SIGNALS: readonly StormSignal[] = ['rate', 'host_rate', 'fanout', 'retries', 'per_request', 'failures', 'queue_wait'];

export function stormSources(view: StormsView): Sources {
  return {
    oslotap_storms_total: () => SIGNALS.map((signal) => ({ labels: { signal }, value: view.begun.get(signal) ?? 0 })),
    oslotap_storms_open: () => [{ labels: {}, value: view.open.length }],
    oslotap_storm_detector_ready: () => [{ labels: {}, value: Number(view.silentReason === null) }],
    oslotap_storm_messages_per_second: () => methodSamples(view, ({ now }) => now),
    oslotap_storm_usual_messages_per_second: () => methodSamples(view, ({ usual }) => usual),
  };
}

interface MethodRates {
  readonly labels: { readonly exchange: string; readonly topic: string; readonly method: string };
  /** Messages a second. */
  now: number;
  usual: number;
}

function methodSamples(view: StormsView, pick: (rates: MethodRates) => number): Sample[] {
  const busiest = [...ratesOf(view)].sort((a, b) => b.now - a.now).slice(0, STORM_SERIES_MAX);
  return busiest.map((rates) => ({ labels: rates.labels, value: pick(rates) }));
}

/** Storms of two vhosts may be of the same method: their rates add up. */
function ratesOf(view: StormsView): Iterable<MethodRates> {
  const byMethod = new Map<string, MethodRates>();
  for (const storm of view.open) {
    for (const method of storm.methods) {
      const labels = labelsOf(method);
      const key = Object.values(labels).join('\0');
      const rates = byMethod.get(key) ?? { labels, now: 0, usual: 0 };
      rates.now += view.rateOf(storm, method);
      rates.usual += method.usualPerSecond;
      byMethod.set(key, rates);
    }
  }
  return byMethod.values();
}

function labelsOf({ exchange, topic, method }: StormMethod): MethodRates['labels'] {
  return { exchange: cleaned(exchange), topic: cleaned(topic), method: cleaned(method) };
}
