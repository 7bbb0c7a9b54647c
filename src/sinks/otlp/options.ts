/** Where reconstructed spans are sent over OTLP, and within what bounds. */
import { readFileSync } from 'node:fs';
import { validateHeaderName, validateHeaderValue } from 'node:http';
import { Misuse, reasonOf } from '../../errors.ts';

export const OTLP_PROTOCOLS = ['http/protobuf', 'http/json', 'grpc'] as const;
export type OtlpProtocol = (typeof OTLP_PROTOCOLS)[number];

export const OTLP_COMPRESSIONS = ['gzip', 'none'] as const;

export interface OtlpOptions {
  /**
   * `http://tempo:4318`, `https://…/otlp`: the base URL, as OTEL_EXPORTER_OTLP_ENDPOINT means it. Over HTTP `/v1/traces` is added,
   * unless it ends so. Over gRPC it has no path: `http://tempo:4317` without TLS, `https://…` with.
   */
  readonly endpoint: string;
  /** @default 'http/protobuf' */
  readonly protocol: OtlpProtocol;
  /** Sent with each request, gRPC: as metadata. Secret: tokens stand here. @default none */
  readonly headers: Readonly<Record<string, string>>;
  /** @default 'gzip' */
  readonly compression: (typeof OTLP_COMPRESSIONS)[number];
  /** PEM file of the authorities that may have signed the endpoint's certificate. Null: Node's own. @default null */
  readonly caFile: string | null;
  /** For one batch, what the exporter tries again by itself included. Milliseconds, 100–60,000. @default 10,000 */
  readonly timeoutMs: number;
  /** Spans that wait at most; those that come then are dropped. 100–1,000,000. @default 20,000 */
  readonly queueSpansMax: number;
  /** The same as an estimate of their bytes on the wire; in memory they take about three times that. 1 MiB–1 GiB. @default 16 MiB */
  readonly queueBytesMax: number;
  /** Spans in one request at most. 1–10,000. @default 512 */
  readonly batchSpansMax: number;
  /**
   * Users' requests are sent whole. Of the traces that no user asked for (periodic tasks, agents' loops: most of a large
   * cloud's spans) this part, chosen by trace id. 0–1. @default 0
   */
  readonly backgroundRatio: number;
}

export const OTLP_DEFAULTS: Omit<OtlpOptions, 'endpoint'> = {
  protocol: 'http/protobuf',
  headers: {},
  compression: 'gzip',
  caFile: null,
  timeoutMs: 10_000,
  queueSpansMax: 20_000,
  queueBytesMax: 16 * 1024 * 1024,
  batchSpansMax: 512,
  backgroundRatio: 0,
};

export interface OtlpTarget {
  /** With `/v1/traces` where the protocol has a path. */
  readonly url: URL;
  readonly ca: Buffer | null;
  /** For people: without a query, which may hold a key. */
  readonly name: string;
}

/** @throws Misuse where the options cannot work, before any connection is made. */
export function otlpTarget({ endpoint, protocol, headers, caFile }: OtlpOptions): OtlpTarget {
  const url = parseEndpoint(endpoint);
  if (url.username !== '' || url.password !== '')
    throw new Misuse('otlp.endpoint: put credentials into otlp.headers, not into the URL');
  if (protocol === 'grpc' && url.pathname !== '/')
    throw new Misuse('otlp.endpoint: gRPC has no path: name scheme, host and port');
  if (protocol !== 'grpc' && !url.pathname.endsWith('/v1/traces')) url.pathname = `${url.pathname.replace(/\/$/, '')}/v1/traces`;
  for (const [name, value] of Object.entries(headers)) assertHeader(name, value);
  return {
    url,
    ca: caFile === null ? null : readAuthorities(caFile),
    name: `${url.origin}${protocol === 'grpc' ? '' : url.pathname}`,
  };
}

function parseEndpoint(endpoint: string): URL {
  const url = URL.parse(endpoint);
  if (url !== null && (url.protocol === 'http:' || url.protocol === 'https:')) return url;
  // The value itself is not repeated: a wrong one may well be a token.
  throw new Misuse('otlp.endpoint is not an http or https URL, such as http://localhost:4318');
}

function assertHeader(name: string, value: string): void {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
  } catch {
    throw new Misuse(`otlp.headers: ${JSON.stringify(name)} is no name of a header, or its value holds what no header may`);
  }
}

function readAuthorities(caFile: string): Buffer {
  try {
    return readFileSync(caFile);
  } catch (error) {
    throw new Misuse(`otlp.ca: ${reasonOf(error)}`);
  }
}
