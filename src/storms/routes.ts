/** All series, and the one that a message belongs to. Bounded: what is beyond the bounds is counted in the sum of all only. */
import type { Publish } from '../message.ts';
import { targetOf } from '../trace/target.ts';
import type { Initiating } from '../trace/traced-message.ts';
import type { SeriesBaseline } from './baseline.ts';
import { Series, type SeriesName } from './series.ts';
import type { StormThresholds } from './thresholds.ts';

/** Methods of a topic and their objects, each in background work and in users' requests. A cloud has a few hundred. */
const SERIES_MAX = 4_000;
/** From then on there is no room for what is idle. */
const FULL_SHARE = 0.75;
/** Once in so long. A second. */
const RARE = 1 / 3_600;
/** One for each host and topic. */
const ROUTES_MAX = 100_000;
/** Names on the wire are their sender's. Characters. */
const NAME_MAX = 200;

type Kind = SeriesName['kind'];

/** A method's series; those of its objects beside it. */
interface MethodRoute {
  readonly series: Series;
  readonly objects: Map<string, Series>;
}

/** A topic of an exchange. */
interface Topic {
  readonly vhost: string;
  readonly exchange: string;
  readonly topic: string;
  /** By method; of users' requests apart. */
  readonly background: Map<string, MethodRoute>;
  readonly requested: Map<string, MethodRoute>;
}

export interface Found {
  readonly method: Series;
  /** Null where the message is no call of an object's method. */
  readonly object: Series | null;
}

export class Routes {
  readonly all = new Map<string, Series>();
  readonly #thresholds: StormThresholds;
  readonly #learned: (name: SeriesName) => SeriesBaseline;
  readonly #topics = new Map<string, Topic>();
  /** By vhost, exchange and routing key. */
  readonly #byKey: Map<string, Map<string, Map<string, Topic>>> = new Map();
  #routes = 0;
  /** Messages whose series found no room. */
  folded = 0;

  /** @param learned what is known of a series. */
  constructor(thresholds: StormThresholds, learned: (name: SeriesName) => SeriesBaseline) {
    this.#thresholds = thresholds;
    this.#learned = learned;
  }

  /** @returns null where there is no room. */
  find(
    publish: Publish,
    message: Exclude<Initiating, { kind: 'notification' }>,
    isRequested: boolean,
    second: number,
  ): Found | null {
    const topic = this.#topicOf(publish);
    const methods = isRequested ? topic.requested : topic.background;
    const route = methods.get(message.method) ?? this.#newMethod(topic, message.method, message.kind, isRequested, second);
    if (route === null) return null;
    const { object } = message;
    if (object === null) return { method: route.series, object: null };
    return { method: route.series, object: route.objects.get(object) ?? this.#newObject(route, object, second) };
  }

  /** The sum of all of a vhost. */
  totalOf(vhost: string, isRequested: boolean, second: number): Series {
    const name = { vhost, exchange: '', topic: '', method: '', object: null, kind: 'call', isRequested } as const;
    return this.all.get(keyOf(name)) ?? this.#add(name, second);
  }

  /** Forgets series of which nothing comes and nothing is expected, where room gets scarce. */
  forgetIdle(): void {
    if (this.all.size < FULL_SHARE * SERIES_MAX) return;
    for (const { background, requested } of this.#topics.values()) {
      for (const methods of [background, requested]) {
        for (const [method, { series, objects }] of methods) {
          for (const [object, one] of objects) if (this.#forget(one)) objects.delete(object);
          if (objects.size === 0 && this.#forget(series)) methods.delete(method);
        }
      }
    }
  }

  #forget(series: Series): boolean {
    return !series.isActive && series.usual.mean < RARE && this.all.delete(keyOf(series.name));
  }

  #topicOf(publish: Publish): Topic {
    const { vhost, exchange, routingKey } = publish;
    const known = this.#byKey.get(vhost)?.get(exchange)?.get(routingKey);
    if (known !== undefined) return known;
    if (++this.#routes > ROUTES_MAX) {
      this.#byKey.clear();
      this.#routes = 1;
    }
    const topic = this.#namedTopic(publish);
    const exchanges = added(this.#byKey, vhost, () => new Map<string, Map<string, Topic>>());
    added(exchanges, exchange, () => new Map<string, Topic>()).set(routingKey, topic);
    return topic;
  }

  #namedTopic(publish: Publish): Topic {
    const [vhost, exchange, topic] = [publish.vhost, cut(publish.exchange), cut(targetOf(publish).topic)];
    return added(this.#topics, [vhost, exchange, topic].join('\0'), () => ({
      vhost,
      exchange,
      topic,
      background: new Map(),
      requested: new Map(),
    }));
  }

  #newMethod(topic: Topic, method: string, kind: Kind, isRequested: boolean, second: number): MethodRoute | null {
    if (this.all.size >= SERIES_MAX) {
      this.folded++;
      return null;
    }
    const name = {
      vhost: topic.vhost,
      exchange: topic.exchange,
      topic: topic.topic,
      method: cut(method),
      object: null,
      kind,
      isRequested,
    };
    const route = { series: this.all.get(keyOf(name)) ?? this.#add(name, second), objects: new Map<string, Series>() };
    (isRequested ? topic.requested : topic.background).set(method, route);
    return route;
  }

  #newObject({ series, objects }: MethodRoute, object: string, second: number): Series | null {
    if (this.all.size >= SERIES_MAX) {
      this.folded++;
      return null;
    }
    const name = { ...series.name, object: cut(object) };
    const one = this.all.get(keyOf(name)) ?? this.#add(name, second, series);
    objects.set(object, one);
    return one;
  }

  #add(name: SeriesName, second: number, parent: Series | null = null): Series {
    const key = keyOf(name);
    const series = new Series(name, { parent, learned: this.#learned(name), thresholds: this.#thresholds, second });
    this.all.set(key, series);
    return series;
  }
}

export function keyOf({ vhost, exchange, topic, method, object, kind, isRequested }: SeriesName): string {
  return JSON.stringify([vhost, exchange, topic, method, object, kind, isRequested]);
}

function cut(name: string): string {
  return name.length > NAME_MAX ? `${name.slice(0, NAME_MAX - 1)}…` : name;
}

function added<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
