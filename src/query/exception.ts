/** ClickHouse's errors: a number, a name, a text, and the HTTP status that its server gives with them. */

export interface Exception {
  readonly code: number;
  /** `SYNTAX_ERROR` … */
  readonly name: string;
  readonly message: string;
}

/** Those that the endpoint itself gives. */
const CODES = {
  BAD_ARGUMENTS: 36,
  SYNTAX_ERROR: 62,
  UNKNOWN_FORMAT: 73,
  INCORRECT_DATA: 117,
  UNKNOWN_DATABASE: 81,
  UNKNOWN_SETTING: 115,
  TIMEOUT_EXCEEDED: 159,
  QUERY_IS_TOO_LARGE: 177,
  READONLY: 164,
  TOO_MANY_SIMULTANEOUS_QUERIES: 202,
  REQUIRED_PASSWORD: 194,
  QUERY_WAS_CANCELLED: 394,
  ACCESS_DENIED: 497,
  AUTHENTICATION_FAILED: 516,
  STD_EXCEPTION: 1001,
} as const;

export type ExceptionName = keyof typeof CODES;

/** https://github.com/ClickHouse/ClickHouse/blob/master/src/Server/HTTP/exceptionCodeToHTTPStatus.cpp; all others are 500. */
const STATUS: Readonly<Record<string, number>> = {
  BAD_ARGUMENTS: 400,
  CANNOT_PARSE_TEXT: 400,
  CANNOT_PARSE_NUMBER: 400,
  CANNOT_PARSE_INPUT_ASSERTION_FAILED: 400,
  ILLEGAL_TYPE_OF_ARGUMENT: 400,
  INCORRECT_DATA: 400,
  SYNTAX_ERROR: 400,
  TYPE_MISMATCH: 400,
  UNKNOWN_QUERY_PARAMETER: 400,
  REQUIRED_PASSWORD: 401,
  ACCESS_DENIED: 403,
  AUTHENTICATION_FAILED: 403,
  UNKNOWN_DATABASE: 404,
  UNKNOWN_FORMAT: 404,
  UNKNOWN_FUNCTION: 404,
  UNKNOWN_IDENTIFIER: 404,
  UNKNOWN_SETTING: 404,
  UNKNOWN_TABLE: 404,
  UNKNOWN_TYPE: 404,
  TIMEOUT_EXCEEDED: 408,
  QUERY_IS_TOO_LARGE: 413,
  NOT_IMPLEMENTED: 501,
  // The server's is 500; it is the one that asks to come again.
  TOO_MANY_SIMULTANEOUS_QUERIES: 503,
};

export function exception(name: ExceptionName, message: string): Exception {
  return { code: CODES[name], name, message };
}

/** Of the engine's words: `Code: 62. DB::Exception: Syntax error: … (SYNTAX_ERROR)`. */
export function engineException(words: string): Exception {
  const [, code = '1001', text = words] = /^Code: (\d+)\. DB::Exception: (.*)$/s.exec(words.trim()) ?? [];
  const [, message = text, name = 'STD_EXCEPTION'] = /^(.*?)\s*\(([A-Z0-9_]+)\)\s*$/s.exec(text) ?? [];
  return { code: Number(code), name, message };
}

/** As its clients parse it. */
export function textOf({ code, name, message }: Exception): string {
  return `Code: ${code}. DB::Exception: ${message} (${name})`;
}

export function statusOf({ name }: Exception): number {
  return STATUS[name] ?? 500;
}

export function isException(value: object | string): value is Exception {
  return typeof value === 'object' && 'code' in value && 'message' in value && 'name' in value;
}
