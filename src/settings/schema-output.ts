/** Settings of what oslotap gives: servers, metrics, spans, its own telemetry, its log. */
import { leaf, section } from './leaf.ts';
import { header, listen, listOf, oneOf, share, text, whole, yesNo } from './values.ts';

const MIB = 1_024 * 1_024;

export const http = section(
  { title: 'HTTP:', about: '/metrics, /healthz, /readyz, /status' },
  {
    listen: leaf(listen.prefault('127.0.0.1:9718'), {
      flag: '--http-listen <HOST:PORT>',
      description: 'where /metrics, /healthz, /readyz and /status are served; off: nowhere',
    }),
  },
);

export const query = section(
  { title: 'Queries:', about: "ClickHouse's HTTP interface over the embedded store, read-only" },
  {
    listen: leaf(listen.prefault('127.0.0.1:8124'), {
      flag: '--query-listen <HOST:PORT>',
      description:
        "where ClickHouse's HTTP interface is served, read-only; off: nowhere. Beyond loopback it wants a user or a token",
    }),
    user: leaf(text.optional(), { flag: '--query-user <USER>', description: 'who may ask', example: 'reader' }),
    password: leaf(text.optional(), { description: "the user's password; better in a file of its own", isSecret: true }),
    passwordFile: leaf(text.optional(), {
      flag: '--query-password-file <FILE>',
      description: "file with the user's password, and nothing else",
      example: '/etc/oslotap/query-password',
    }),
    token: leaf(text.optional(), { description: 'a bearer token that may ask; better in a file of its own', isSecret: true }),
    tokenFile: leaf(text.optional(), {
      flag: '--query-token-file <FILE>',
      description: 'file with a bearer token, and nothing else',
      example: '/etc/oslotap/query-token',
    }),
  },
);

export const metrics = section(
  { title: 'Metrics:', about: 'what is at /metrics' },
  {
    osloMetricsCompat: leaf(yesNo.default(false), {
      flag: '--oslo-metrics-compat',
      description: "also oslo.metrics' names and labels, oslo_messaging_rpc_*, for dashboards that know them",
    }),
    hosts: leaf(yesNo.default(false), {
      flag: '--metrics-hosts',
      description: 'label series by host too: a series a host, bounded by --metrics-top',
    }),
    top: leaf(whole(1, 100_000).default(200), {
      flag: '--metrics-top <N>',
      description: 'series of each metric; the rest is summed up as other',
      unit: 'series',
    }),
  },
);

export const otlp = section(
  { title: 'OTLP:', about: 'the reconstructed spans to an OpenTelemetry endpoint' },
  {
    endpoint: leaf(text.optional(), {
      flag: '--otlp-endpoint <URL>',
      description: 'where spans are sent to: Tempo, Jaeger, a collector',
      otherwise: 'spans are not sent',
      example: 'http://localhost:4318',
      isUrl: true,
    }),
    protocol: leaf(oneOf('http/protobuf', 'http/json', 'grpc').default('http/protobuf'), {
      flag: '--otlp-protocol <PROTOCOL>',
      description: 'http/protobuf, http/json or grpc',
    }),
    headers: leaf(listOf(header).default([]), {
      description: 'headers to send, "NAME: VALUE" each; better in a file of their own',
      isSecret: true,
    }),
    headersFile: leaf(text.optional(), {
      flag: '--otlp-headers-file <FILE>',
      description: 'file with headers to send, NAME: VALUE, one a line',
      example: '/etc/oslotap/otlp-headers',
    }),
    compression: leaf(oneOf('gzip', 'none').default('gzip'), {
      flag: '--otlp-compression <WAY>',
      description: 'gzip or none',
    }),
    ca: leaf(text.optional(), {
      flag: '--otlp-ca <FILE>',
      description: "the authority that signed the endpoint's certificate, PEM",
      otherwise: "the system's authorities",
      example: '/etc/oslotap/otlp-ca.pem',
    }),
    backgroundRatio: leaf(share.default(0), {
      flag: '--otlp-background-ratio <SHARE>',
      description: "users' requests are sent whole; of the traces that no user asked for this part, 0 to 1, by trace id",
    }),
    queueSpans: leaf(whole(100, 1_000_000).default(20_000), {
      flag: '--otlp-queue-spans <N>',
      description: 'spans that wait in memory at most; those that come then are dropped, and counted',
      unit: 'spans',
    }),
    queueBytes: leaf(whole(MIB, 1_024 * MIB).default(16 * MIB), {
      flag: '--otlp-queue-bytes <N>',
      description: 'and so many bytes of them, as they are sent; in memory they take about three times that',
      unit: 'bytes',
    }),
    batchSpans: leaf(whole(1, 10_000).default(512), {
      flag: '--otlp-batch-spans <N>',
      description: 'spans in one request at most',
      unit: 'spans',
    }),
    timeout: leaf(whole(100, 60_000).default(10_000), {
      flag: '--otlp-timeout <MS>',
      description: 'how long a batch may take, what is tried again included',
      unit: 'milliseconds',
    }),
  },
);

export const telemetry = section(
  { title: 'Telemetry:', about: "oslotap's own, by OpenTelemetry's SDK and its OTEL_* environment" },
  {
    enabled: leaf(yesNo.default(false), { flag: '--telemetry', description: "send oslotap's own telemetry, as OTEL_* says" }),
  },
);

export const log = section(
  { title: 'Log:', about: 'events on stderr' },
  {
    format: leaf(oneOf('auto', 'json', 'text').default('auto'), {
      flag: '--log-format <FORMAT>',
      description: 'auto: text on a terminal, else json',
    }),
    level: leaf(oneOf('info', 'warn', 'error').default('info'), {
      flag: '--log-level <LEVEL>',
      description: 'what is less grave is left out',
    }),
  },
);
