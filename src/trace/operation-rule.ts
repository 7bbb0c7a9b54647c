/**
 * The form of a rule that says what an operation is called, and reading such rules from a site's own file. A rule has
 * exactly one of `method`, `event` and `path`:
 *
 *   {"method": "terminate_instance", "operation": "server.delete"}                      an RPC; "topic" narrows it
 *   {"event": "floatingip.{verb}", "operation": "floating_ip.{verb}"}                   a notification
 *   {"path": "servers", "operation": "server.{verb}"}                                   an audited HTTP request
 *   {"path": "servers/{id}/action", "action": "os-migrateLive", "operation": "server.live_migrate"}
 *
 * docs/operations.md tells what they match.
 */

/**
 * What a message tells of the request that it belongs to.
 * `request`: an API sends it, for the request as a whole. `part`: it is sent while the request is worked on, and
 * tells of that part. `side`: it is sent along with many kinds of request.
 * `service`: as `request`, but services ask for it, and where no user is behind them it is no periodic task either.
 */
export type Role = 'request' | 'part' | 'side' | 'service';

export interface Rule {
  /** `noun.verb`; `{noun}` and `{verb}` stand for what the pattern found. */
  readonly operation: string;
  /** RPC methods, as on the wire; for an object's call `Instance.save`. */
  readonly method?: string | readonly string[];
  /** The routing key up to the server's name: `conductor`, `cinder-volume`. With `method` only. */
  readonly topic?: string;
  /** Event types without `.start`, `.end` and `.error`. A word may be `*`, `{noun}` or `{verb}`; the first may not. */
  readonly event?: string | readonly string[];
  /**
   * Path templates behind the version and the project; `{id}` is an id or a name. A version may stand before: `v1/ports`.
   * With `{verb}` in the operation the path is a collection, and speaks for its members, `/detail` and `/action` as well.
   */
  readonly path?: string | readonly string[];
  /** CADF's action, whole or one of its parts: `create`, `update`, `delete`, `read`, `reboot`. With `path` only. */
  readonly action?: string;
  /** @default 'request' */
  readonly role?: Role;
}

/** Rules in a site's file. */
const RULES_MAX = 5_000;
const KEYS = new Set(['operation', 'method', 'topic', 'event', 'path', 'action', 'role']);
const KINDS = ['method', 'event', 'path'] as const;
const ROLES: readonly unknown[] = ['request', 'part', 'side', 'service'] satisfies Role[];
const PART = '(?:[a-z0-9]+|\\{noun\\}|\\{verb\\})(?:_(?:[a-z0-9]+|\\{noun\\}|\\{verb\\}))*';
const OPERATION = new RegExp(`^${PART}\\.${PART}$`);
const PATTERN = {
  method: /^[\w.]{1,128}$/,
  event: /^[\w:-]+(\.([\w:-]+|\*|\{noun\}|\{verb\})){0,15}$/,
  path: /^(v\d{1,2}(\.\d{1,3})?\/)?[\w.-]+(\/([\w.-]+|\{id\})){0,15}$/,
} as const;
const TOPIC = /^[\w.-]{1,128}$/;
const ACTION = /^[\w.-]{1,64}(\/[\w.-]{1,64}){0,3}$/;

/** @returns the rules, or one line that names the first one that is wrong. */
export function readRules(json: string): readonly Rule[] | string {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    return `it is not JSON: ${(error as Error).message.split('\n', 1)[0]}`;
  }
  if (!Array.isArray(value)) return 'it is not a JSON array of rules';
  if (value.length > RULES_MAX) return `it has ${value.length} rules, ${RULES_MAX} is the most`;
  for (const [index, rule] of value.entries()) {
    const wrong = faultOf(rule);
    if (wrong !== null) return `rule ${index + 1}, ${JSON.stringify(rule).slice(0, 120)}: ${wrong}`;
  }
  return value as Rule[];
}

/** What is wrong with a rule, or null. */
function faultOf(rule: unknown): string | null {
  if (typeof rule !== 'object' || rule === null || Array.isArray(rule)) return 'it is not an object';
  const fields = rule as Record<string, unknown>;
  const stray = Object.keys(fields).find((key) => !KEYS.has(key));
  if (stray !== undefined) return `there is no key '${stray}': ${[...KEYS].join(', ')}`;
  const kinds = KINDS.filter((kind) => fields[kind] !== undefined);
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) return "it needs one of 'method', 'event' and 'path'";
  const { operation, topic, action, role } = fields;
  if (typeof operation !== 'string' || !OPERATION.test(operation)) return "its 'operation' is not noun.verb";
  if (topic !== undefined && (kind !== 'method' || !matches(topic, TOPIC))) return "'topic' is a word, and belongs to a 'method'";
  if (action !== undefined && (kind !== 'path' || !matches(action, ACTION))) return "'action' is a word, and belongs to a 'path'";
  if (role !== undefined && !ROLES.includes(role)) return `'role' is one of ${ROLES.join(', ')}`;
  return patternFault(kind, fields[kind], operation);
}

function patternFault(kind: (typeof KINDS)[number], given: unknown, operation: string): string | null {
  const patterns: unknown[] = Array.isArray(given) ? given : [given];
  if (patterns.length === 0) return `its '${kind}' is empty`;
  for (const pattern of patterns) {
    if (!matches(pattern, PATTERN[kind])) return `its '${kind}' is not of the right form`;
    const missing = ['{noun}', '{verb}'].find(
      (name) => operation.includes(name) && !(pattern as string).includes(name) && !(kind === 'path' && name === '{verb}'),
    );
    if (missing !== undefined) return `nothing in its '${kind}' tells the ${missing} of its 'operation'`;
  }
  return null;
}

function matches(value: unknown, form: RegExp): boolean {
  return typeof value === 'string' && form.test(value);
}

/** One or several: always several. */
export function listOf(patterns: string | readonly string[] | undefined): readonly string[] {
  return patterns === undefined ? [] : typeof patterns === 'string' ? [patterns] : patterns;
}
