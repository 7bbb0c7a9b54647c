/** What can be seen to be wrong before any connection is made. */
import { expect, test } from 'vitest';
import { Misuse } from '../../../src/errors.ts';
import { OTLP_DEFAULTS, type OtlpOptions, otlpTarget } from '../../../src/sinks/otlp/options.ts';

const target = (given: Partial<OtlpOptions>) => otlpTarget({ ...OTLP_DEFAULTS, endpoint: 'http://tempo:4318', ...given });

test.each([
  ['http://tempo:4318', 'http/protobuf', 'http://tempo:4318/v1/traces'],
  ['http://tempo:4318/', 'http/json', 'http://tempo:4318/v1/traces'],
  ['https://cloud/otlp', 'http/protobuf', 'https://cloud/otlp/v1/traces'],
  ['https://cloud/otlp/v1/traces', 'http/protobuf', 'https://cloud/otlp/v1/traces'],
  ['https://cloud/otlp?key=s3cret', 'http/protobuf', 'https://cloud/otlp/v1/traces'],
  ['http://tempo:4317', 'grpc', 'http://tempo:4317'],
] as const)('%s over %s is %s', (endpoint, protocol, name) => {
  expect(target({ endpoint, protocol }).name).toBe(name);
});

test.each([
  ['an endpoint that is no URL', { endpoint: 'tempo:4318' }, 'otlp.endpoint'],
  ['a URL of another scheme', { endpoint: 'ftp://tempo' }, 'otlp.endpoint'],
  ['a password in the URL', { endpoint: 'http://me:s3cret@tempo:4318' }, 'otlp.headers'],
  ['a path for gRPC', { endpoint: 'http://tempo:4317/v1/traces', protocol: 'grpc' }, 'gRPC has no path'],
  ['a header that is none', { headers: { 'x y': 's3cret' } }, '"x y"'],
  ['a value that no header may have', { headers: { authorization: 's3cret\n' } }, '"authorization"'],
  ['a file that is not there', { caFile: '/nowhere/ca.pem' }, 'otlp.ca'],
] as const)('%s is told in one line, without the secret', (_, given, words) => {
  const error = (() => {
    try {
      return target(given);
    } catch (thrown) {
      return thrown;
    }
  })();
  expect(error).toBeInstanceOf(Misuse);
  const { message } = error as Misuse;
  expect(message).toContain(words);
  expect(message).not.toMatch(/s3cret|\n/);
});
