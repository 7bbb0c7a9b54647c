/** What a ClickHouse server, or the way to it, failed with; and whether the same may work in a moment. */
import { ClickHouseError } from '@clickhouse/client';
import { Failed, reasonOf } from '../errors.ts';

/** A request that failed, in one line without secrets. */
export class ServerFailure extends Failed {
  /** ClickHouse's name, `UNKNOWN_DATABASE`; null: the server gave no answer of its own. */
  readonly type: string | null;

  constructor(message: string, type: string | null) {
    super(message);
    this.type = type;
  }
}

/** Of ClickHouse's errors, those of load, of the network behind the server, and of its Keeper. */
const PASSING: ReadonlySet<string> = new Set(
  [
    'TIMEOUT_EXCEEDED SOCKET_TIMEOUT NETWORK_ERROR ALL_CONNECTION_TRIES_FAILED TOO_MANY_SIMULTANEOUS_QUERIES QUERY_WAS_CANCELLED',
    'MEMORY_LIMIT_EXCEEDED TOO_MANY_PARTS CANNOT_SCHEDULE_TASK ABORTED SERVER_OVERLOADED',
    'NO_ZOOKEEPER KEEPER_EXCEPTION TABLE_IS_READ_ONLY UNKNOWN_STATUS_OF_INSERT UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE TOO_FEW_LIVE_REPLICAS',
  ].flatMap((names) => names.split(' ')),
);
/** Of an answer that is none of ClickHouse's, such as a proxy's page. Characters. */
const WORDS_MAX = 200;

/** @param error as the client throws it. */
export function isPassing(error: unknown): boolean {
  if (error instanceof ServerFailure) return false;
  // What is no error of ClickHouse's is one of the connection, a time-out, or a proxy's answer (503, 429), of which it tells no status.
  return !(error instanceof ClickHouseError) || PASSING.has(error.type ?? '');
}

/** Whether it may have been done, and only its answer was lost. */
export function isAmbiguous(error: unknown): boolean {
  return !(error instanceof ClickHouseError) && codeOf(error) !== 'ECONNREFUSED';
}

/** @param name of the server, for people. */
export function failureOf(name: string, error: unknown): ServerFailure {
  if (error instanceof ServerFailure) return error;
  if (error instanceof ClickHouseError) {
    return new ServerFailure(`${name} refused: ${reasonOf(error)} (${error.type ?? error.code})`, error.type ?? error.code);
  }
  return new ServerFailure(`${name} does not answer: ${codeOf(error) ?? reasonOf(error).slice(0, WORDS_MAX)}`, null);
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
