/** Every setting of oslotap: one schema for the YAML file, the environment and the flags. The only place where defaults stand. */
import { z } from 'zod';
import { leaf, leavesOf, treeOf } from './leaf.ts';
import { http, log, metrics, otlp, query, telemetry } from './schema-output.ts';
import { clickhouse, state, store, ttl } from './schema-store.ts';
import { storms } from './schema-storms.ts';
import { amqp, api, budget, source, tap, tls } from './schema-tap.ts';
import { duration, text } from './values.ts';

export const SCHEMA = z.strictObject({
  amqp,
  api,
  tls,
  tap,
  source,
  budget,
  store,
  state,
  clickhouse,
  ttl,
  operations: leaf(text.optional(), {
    flag: '--operations <FILE>',
    description: 'rules that name operations, before the built-in ones: JSON',
    otherwise: 'the built-in rules',
    example: '/etc/oslotap/operations.json',
  }),
  for: leaf(duration.optional(), {
    flag: '--for <DURATION>',
    description: 'end by itself: 60s, 10m, 2h',
    otherwise: 'until it is stopped; record: 60s',
    example: '10m',
  }),
  http,
  query,
  metrics,
  storms,
  otlp,
  telemetry,
  log,
});

/** All settings, checked, with defaults, credentials put into their URLs and passwords read from their files. */
export type Settings = z.output<typeof SCHEMA>;

export const TREE = treeOf(SCHEMA);
export const LEAVES = leavesOf(TREE);
