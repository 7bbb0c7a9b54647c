/**
 * What oslotap asks RabbitMQ's management API of one node. Outside data becomes typed here and nowhere else.
 *
 *   management tag      overview, tracing (of vhosts that the user may log in to)
 *   monitoring tag      nodes, connections, consumers, and tracing of every vhost
 *   permissions         queues and exchanges of a vhost
 *   administrator tag   vhost in full, setTracing
 */
import { ApiError } from './api-error.ts';
import { type HttpOptions, JsonHttp } from './http.ts';

export interface Overview {
  /** The Erlang node that served the request: rabbit@ctl1. */
  readonly node: string;
  readonly clusterName: string;
  readonly rabbitmqVersion: string;
}

export interface BrokerNode {
  readonly name: string;
  readonly isRunning: boolean;
  /** null where the node is down, or keeps no statistics. */
  readonly memUsedBytes: number | null;
  readonly memLimitBytes: number | null;
  readonly memAlarm: boolean | null;
  readonly diskFreeAlarm: boolean | null;
  readonly uptimeMs: number | null;
}

/** A vhost's settings: what a PUT has to send back, since it erases what it is not given. */
export interface Vhost {
  readonly name: string;
  readonly isTracing: boolean;
  readonly description: string | null;
  /** As read: a list, or `""` where there never was one. */
  readonly tags: readonly string[] | string;
  /** Only where the vhost has one of its own: null follows the node's. */
  readonly defaultQueueType: string | null;
}

export interface VhostTracing {
  readonly name: string;
  /** On the node that was asked. */
  readonly isTracing: boolean;
  /** The nodes of the cluster that run. */
  readonly nodes: readonly string[];
}

export interface Queue {
  readonly name: string;
  readonly messages: number;
  /** Bodies only. */
  readonly bytes: number;
  readonly consumers: number;
  /**
   * Messages that ever entered a classic queue. For a firehose's queue `message_stats.publish` says nothing: copies come
   * from no channel. What went lost by overflow is arrived - acked - messages, once nothing moved for one statistics
   * interval (5 s). A consumer without acknowledgements is not counted, and a restart of the node begins anew.
   */
  readonly arrivedCount: number | null;
  readonly ackedCount: number;
  readonly deliveredCount: number;
  readonly redeliveredCount: number;
}

export interface Exchange {
  readonly name: string;
  readonly type: string;
}

type Row = Readonly<Record<string, unknown>>;

/** The API's own limit. */
const PAGE_ROWS = 500;

export class ManagementApi {
  /** The URL without credentials. */
  readonly at: string;
  /** The node behind the URL, as far as known: set by `overview`. */
  node: string | null = null;
  readonly #http: JsonHttp;

  /** @param url `http[s]://user:password@host:15672[/prefix]`. @throws Misuse */
  constructor(url: string, options: HttpOptions = {}) {
    this.#http = new JsonHttp(url, options);
    this.at = this.#http.at;
  }

  /** Who serves this URL. @throws ApiError, as everything below. */
  async overview(): Promise<Overview> {
    // disable_stats: without it the cluster's figures are added up for nothing, and the node is named to monitors only.
    const row = toRow(
      await this.#get('/api/overview?disable_stats=true&columns=node,cluster_name,rabbitmq_version', 'its overview'),
    );
    if (row === null || typeof row.node !== 'string' || typeof row.rabbitmq_version !== 'string') throw this.#notAnApi();
    this.node = row.node;
    return { node: row.node, clusterName: text(row.cluster_name), rabbitmqVersion: row.rabbitmq_version };
  }

  async nodes(): Promise<BrokerNode[]> {
    const columns = 'name,running,mem_used,mem_limit,mem_alarm,disk_free_alarm,uptime';
    return this.#rows(await this.#get(`/api/nodes?columns=${columns}`, 'its nodes')).map(toNode);
  }

  /** Of every vhost that the user may see, in one small answer: for looking again and again. */
  async tracing(): Promise<VhostTracing[]> {
    const answer = await this.#get('/api/vhosts?disable_stats=true&columns=name,tracing,cluster_state', 'its vhosts');
    return this.#rows(answer).map((row) => ({
      name: text(row.name),
      isTracing: row.tracing === true,
      nodes: Object.keys(toRow(row.cluster_state) ?? {}),
    }));
  }

  /** @returns null where there is no such vhost. Needs the administrator tag. */
  async vhost(name: string): Promise<Vhost | null> {
    const row = await this.#rowOrNull(`/api/vhosts/${encodeURIComponent(name)}?disable_stats=true`, `vhost '${name}'`);
    if (row === null) return null;
    if (typeof row.tracing !== 'boolean') throw this.#notAnApi();
    return toVhost(name, row);
  }

  /**
   * Switches the firehose of a vhost on or off, on the node that serves this URL and on no other. Everything else that
   * can be set is sent back as found, right after it was read: a vhost that does not exist would be created.
   */
  async setTracing({ name, description, tags, defaultQueueType }: Vhost, isOn: boolean): Promise<void> {
    const queueType =
      defaultQueueType === null ? {} : { default_queue_type: defaultQueueType, defaultqueuetype: defaultQueueType };
    const content = { tracing: isOn, ...(description === null ? {} : { description }), tags, ...queueType };
    await this.#http.put(`/api/vhosts/${encodeURIComponent(name)}`, content, `the switching of tracing in vhost '${name}'`);
  }

  /** @returns null where there is no such queue. */
  async queue(vhost: string, name: string): Promise<Queue | null> {
    const path = `/api/queues/${encodeURIComponent(vhost)}/${encodeURIComponent(name)}?columns=${QUEUE_COLUMNS}`;
    const row = await this.#rowOrNull(path, `queue '${name}' in vhost '${vhost}'`);
    return row === null ? null : toQueue(row);
  }

  /** The queues whose names begin with a prefix; at most 500. */
  async queuesNamed(vhost: string, prefix: string): Promise<Queue[]> {
    const name = encodeURIComponent(`^${prefix.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`);
    const path = `/api/queues/${encodeURIComponent(vhost)}?page=1&page_size=${PAGE_ROWS}&name=${name}&use_regex=true`;
    const page = toRow(await this.#get(`${path}&columns=${QUEUE_COLUMNS}`, `the queues of vhost '${vhost}'`));
    return this.#rows(page?.items).map(toQueue);
  }

  async exchanges(vhost: string): Promise<Exchange[]> {
    const path = `/api/exchanges/${encodeURIComponent(vhost)}?disable_stats=true&columns=name,type`;
    const rows = this.#rows(await this.#get(path, `the exchanges of vhost '${vhost}'`));
    return rows.map((row) => ({ name: text(row.name), type: text(row.type) }));
  }

  /** Whether the user may see what others' connections do. */
  async isMonitor(): Promise<boolean> {
    const tags = toRow(await this.#get('/api/whoami', 'its user'))?.tags;
    const names = Array.isArray(tags) ? tags : text(tags).split(','); // a list since 3.9
    return names.includes('monitoring') || names.includes('administrator');
  }

  /** A long list, page by page, ordered by name. What comes or goes meanwhile may be missed, or come twice. */
  async *pages(path: string, columns: string, what: string): AsyncGenerator<Row[]> {
    for (let page = 1; ; page++) {
      const query = `page=${page}&page_size=${PAGE_ROWS}&sort=name&columns=${columns}`;
      const answer = await this.#get(`${path}?${query}`, what).catch(pageOutOfRange);
      const rows = toRow(answer);
      if (rows === null) return;
      yield this.#rows(rows.items);
      if (page >= Number(rows.page_count)) return;
    }
  }

  /** A list that the API does not page. */
  async list(path: string, columns: string, what: string): Promise<Row[]> {
    return this.#rows(await this.#get(`${path}?columns=${columns}`, what));
  }

  close(): void {
    this.#http.close();
  }

  #get(path: string, what: string): Promise<unknown> {
    return this.#http.get(path, what);
  }

  /** null where the broker says that it does not exist. */
  async #rowOrNull(path: string, what: string): Promise<Row | null> {
    try {
      const row = toRow(await this.#get(path, what));
      if (row === null) throw this.#notAnApi();
      return row;
    } catch (error) {
      if (error instanceof ApiError && error.problem === 'not_there') return null;
      throw error;
    }
  }

  #rows(answer: unknown): Row[] {
    if (!Array.isArray(answer) || answer.some((row) => toRow(row) === null)) throw this.#notAnApi();
    return answer as Row[];
  }

  #notAnApi(): ApiError {
    return new ApiError('not_an_api', `${this.at} is not RabbitMQ's management API: it answers something else`);
  }
}

const QUEUE_COLUMNS = [
  'name,messages,message_bytes,consumers,backing_queue_status',
  'message_stats.ack,message_stats.deliver_get,message_stats.redeliver',
].join();

/** The list became shorter while it was read. */
function pageOutOfRange(error: unknown): null {
  if (error instanceof ApiError && error.problem === 'refused' && error.message.includes('Page out of range')) return null;
  throw error;
}

function toNode(row: Row): BrokerNode {
  return {
    name: text(row.name),
    isRunning: row.running === true,
    memUsedBytes: numberOrNull(row.mem_used),
    memLimitBytes: numberOrNull(row.mem_limit),
    memAlarm: typeof row.mem_alarm === 'boolean' ? row.mem_alarm : null,
    diskFreeAlarm: typeof row.disk_free_alarm === 'boolean' ? row.disk_free_alarm : null,
    uptimeMs: numberOrNull(row.uptime),
  };
}

function toVhost(name: string, row: Row): Vhost {
  const isList = Array.isArray(row.tags) && row.tags.every((tag) => typeof tag === 'string');
  // The vhost's own setting: newer releases put the node's at the top where the vhost has none.
  const { default_queue_type: own = row.default_queue_type } = toRow(row.metadata) ?? {};
  return {
    name,
    isTracing: row.tracing === true,
    description: typeof row.description === 'string' ? row.description : null,
    tags: isList ? (row.tags as string[]) : text(row.tags),
    defaultQueueType: typeof own === 'string' && own !== '' && own !== 'undefined' ? own : null,
  };
}

function toQueue(row: Row): Queue {
  const stats = toRow(row.message_stats) ?? {};
  return {
    name: text(row.name),
    messages: numberOrNull(row.messages) ?? 0,
    bytes: numberOrNull(row.message_bytes) ?? 0,
    consumers: numberOrNull(row.consumers) ?? 0,
    arrivedCount: numberOrNull(toRow(row.backing_queue_status)?.next_seq_id),
    ackedCount: numberOrNull(stats.ack) ?? 0,
    deliveredCount: numberOrNull(stats.deliver_get) ?? 0,
    redeliveredCount: numberOrNull(stats.redeliver) ?? 0,
  };
}

function toRow(value: unknown): Row | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Row) : null;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function numberOrNull(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
