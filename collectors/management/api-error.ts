/**
 * Why the management API did not give what was asked: the closed list. Three kinds, since they call for different
 * things: what the user may not see, what is not there, and what could not be asked just now.
 */

/** The user is not let in, or not let see or do this. */
export type MayNot = 'wrong_password' | 'missing_tag' | 'no_vhost_access';
/** The broker says that it does not exist. */
export type NotThere = 'not_there';
/** Nobody answered: ask again later. */
export type OutOfReach = 'unreachable' | 'timed_out';
/** Something answered, but not as RabbitMQ's management API does. */
export type BadAnswer = 'tls' | 'not_an_api' | 'too_large' | 'refused';

export type ApiProblem = MayNot | NotThere | OutOfReach | BadAnswer;

/** One line for the user, without credentials. */
export class ApiError extends Error {
  readonly problem: ApiProblem;
  /** True where the same request may succeed later without anybody changing anything. */
  readonly isRetryable: boolean;

  constructor(problem: ApiProblem, message: string, cause?: unknown) {
    super(message, { cause });
    this.problem = problem;
    this.isRetryable = problem === 'unreachable' || problem === 'timed_out';
  }
}

/** The tags that the management API asks for, by what it says when one is missing. */
const TAG_OF_REASON: Readonly<Record<string, string>> = {
  'Not administrator user': 'administrator',
  'Not monitor user': 'monitoring',
  'Not management user': 'management',
  'Not policymaker user': 'policymaker',
};

/**
 * What an answer that is not 2xx means.
 * @param at the URL without credentials. @param what was asked, as people say it: `vhost 'x'`.
 */
export function refusal(at: string, what: string, status: number, body: string): ApiError {
  const { error, reason } = told(body);
  if (error === '') return new ApiError('not_an_api', `${at} is not RabbitMQ's management API: it answers ${status}`);
  if (status === 401 || status === 403) return mayNot(at, what, reason);
  if (status === 404) return new ApiError('not_there', `${at} knows nothing of ${what}`);
  return new ApiError('refused', `${at} refuses ${what}: ${status} ${reason || error}`);
}

function mayNot(at: string, what: string, reason: string): ApiError {
  const tag = TAG_OF_REASON[reason];
  if (tag !== undefined) {
    const remedy = `rabbitmqctl set_user_tags USER ${tag}`;
    return new ApiError('missing_tag', `${at}: its user needs the tag ${tag} for ${what}: ${remedy}`);
  }
  if (/virtual host/i.test(reason)) {
    const remedy = "rabbitmqctl set_permissions -p VHOST USER '' '' '.*'";
    return new ApiError('no_vhost_access', `${at}: its user has no permissions for ${what}: ${remedy}`);
  }
  if (/^login failed$/i.test(reason)) return new ApiError('wrong_password', `${at}: wrong user or password`);
  return new ApiError('wrong_password', `${at} does not let its user in: ${reason || 'access refused'}`);
}

const REASON_CHARS_MAX = 200;

/** `{"error":…,"reason":…}`: every refusal of the API has both. Shortened, and without control characters. */
function told(body: string): { readonly error: string; readonly reason: string } {
  try {
    const json = JSON.parse(body) as { readonly error?: unknown; readonly reason?: unknown };
    return { error: printable(json.error), reason: printable(json.reason) };
  } catch {
    return { error: '', reason: '' };
  }
}

function printable(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, REASON_CHARS_MAX).replace(/\p{C}+/gu, ' ') : '';
}
