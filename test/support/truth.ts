/**
 * What really happened in a recording: the probe inside its services (X.parents.ndjson.gz) knows what each message was sent
 * for, the commands (X.truth.json) what its user asked for.
 */
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/** Of one message. */
export interface MessageTruth {
  /** The message whose handler sent it; null for what an API, a periodic task or a thread of its own sent. */
  readonly parent: string | null;
  /**
   * The API request that caused it, through RPC, REST and threads; null where none did. `either`: an agent's loop sent it,
   * which picks up what requests left for it, several at once: it counts neither with a request nor without.
   */
  readonly root: string | null;
}

export interface UserRequest {
  readonly requestId: string;
  readonly method: string;
  /** Path and query, without host. */
  readonly path: string;
  /** The command line that made it, null for one made without. */
  readonly command: string | null;
}

export interface Truth {
  readonly messages: ReadonlyMap<string, MessageTruth>;
  readonly requests: readonly UserRequest[];
}

interface Cause {
  readonly kind?: string;
  readonly uid?: string;
  readonly rest?: number;
  readonly task?: string;
}

interface ProbeLine {
  readonly ev?: string;
  readonly uid?: string;
  readonly cause?: Cause;
  readonly method?: string;
  readonly prog?: string;
  readonly host?: string;
  readonly pid?: number;
  readonly rest?: number;
  readonly req?: string;
}

/** Loops that work off what has come in since they last looked. */
const BATCH_TASKS = new Set(['daemon_loop', 'rpc_loop', '_dhcp_ready_ports_loop', 'ComputeManager._run_pending_deletes']);
const BATCH_METHOD = 'dhcp_ready_on_ports';

export function truthOf(path: string): Truth {
  return { messages: messagesOf(path), requests: requestsOf(path) };
}

function messagesOf(path: string): Map<string, MessageTruth> {
  const lines = gunzipSync(readFileSync(path.replace('.ndjson.gz', '.parents.ndjson.gz')))
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as ProbeLine);
  const sends = new Map<string, ProbeLine>();
  /** Requests that one service made to another, by the id that the other answered with. */
  const asked = new Map<string, ProbeLine>();
  const served = new Map<string, string>();
  for (const line of lines) {
    if (line.ev === 'send' && line.uid !== undefined) sends.set(line.uid, line);
    else if (line.ev === 'http' && line.req !== undefined && !asked.has(line.req)) asked.set(line.req, line);
    else if (line.ev === 'rest-done' && line.req !== undefined) served.set(restKey(line, line.rest), line.req);
  }
  const rootOf = (line: ProbeLine, seen: readonly string[]): string | null => {
    const { kind, uid = '', rest, task = '' } = line.cause ?? {};
    if (seen.length > 60) return null;
    if (kind === 'rpc') {
      const sent = sends.get(uid);
      return sent === undefined ? null : rootOf(sent, [...seen, uid]);
    }
    if (kind === 'rest') {
      const request = served.get(restKey(line, rest));
      const asker = request === undefined ? undefined : asked.get(request);
      // Glance answers with the id that it was given, which then leads back to itself.
      if (request === undefined || seen.includes(request) || asker === undefined) return request ?? null;
      return rootOf(asker, [...seen, request]);
    }
    return BATCH_TASKS.has(task) || line.method === BATCH_METHOD ? 'either' : null;
  };
  return new Map(
    [...sends].map(([uid, line]) => {
      const parent = line.cause?.kind === 'rpc' ? (line.cause.uid ?? null) : null;
      return [uid, { parent, root: rootOf(line, []) }];
    }),
  );
}

function restKey({ prog, host, pid }: ProbeLine, rest: number | undefined): string {
  return `${prog} ${host} ${pid} ${rest}`;
}

interface CommandLine {
  readonly cmd?: string;
  readonly requests?: readonly RequestLine[];
}

interface RequestLine {
  readonly method: string;
  readonly url: string;
  readonly request_id?: string | null;
}

function requestsOf(path: string): UserRequest[] {
  const file = path.replace('.ndjson.gz', '.truth.json');
  if (!existsSync(file)) return [];
  const truth = JSON.parse(readFileSync(file, 'utf8')) as CommandLine & { readonly commands?: readonly CommandLine[] };
  return [truth, ...(truth.commands ?? [])].flatMap(({ cmd, requests = [] }) =>
    requests.flatMap(({ method, url, request_id }) =>
      request_id?.startsWith('req-')
        ? [{ requestId: request_id, method, path: url.replace(/^https?:\/\/[^/]+/, ''), command: cmd ?? null }]
        : [],
    ),
  );
}
