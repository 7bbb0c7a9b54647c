/** The built-in rules as a whole: well-formed, reachable, documented. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { API_VERSION, API_WORDS } from '../../../src/oslo/api-path.ts';
import { listOf, type Rule, readRules } from '../../../src/trace/operation-rule.ts';
import { OPERATION_TABLE } from '../../../src/trace/operation-table.ts';
import { BUILT_IN_OPERATIONS } from '../../../src/trace/operations.ts';
import type { Initiating } from '../../../src/trace/traced-message.ts';
import { ROOT } from '../../support/cli.ts';
import { publish, REQUEST, type Told } from '../../support/events.ts';

const CADF = ['create', 'read', 'update', 'delete'];

test("each is of the form that a site's file has", () => {
  expect(readRules(JSON.stringify(OPERATION_TABLE))).toHaveLength(OPERATION_TABLE.length);
});

test('each word of a path is one that the decoder lets out', () => {
  const words = OPERATION_TABLE.flatMap(({ path }) => listOf(path)).flatMap((path) => path.split('/'));
  expect(words.filter((word) => word !== '{id}' && !API_WORDS.has(word) && !API_VERSION.test(word))).toEqual([]);
});

test('none stands behind another that takes its messages', () => {
  const samples = OPERATION_TABLE.flatMap(samplesOf);
  const wrong = samples.filter(({ told, topic, operation }) => nameOf(told, topic) !== operation);
  expect(wrong).toEqual([]);
  expect(samples.length).toBeGreaterThanOrEqual(OPERATION_TABLE.length);
});

test('each noun is in docs/operations.md, with the verbs that rules give it', () => {
  const lines = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8').split('\n');
  const verbsOf = (noun: string) => lines.find((line) => line.startsWith(`| ${noun} | `))?.split(' | ')[1] ?? '';
  const missing = OPERATION_TABLE.map(({ operation }) => operation).filter((operation) => {
    const [noun = '', verb = ''] = operation.split('.');
    const verbs = verbsOf(noun).replace(/ \|$/, '').split(', ');
    const isCommon = ['create', 'list', 'show', 'update', 'delete', '{verb}'].includes(verb) && verbs.includes('…');
    return noun !== '{noun}' && !isCommon && !verbs.includes(verb);
  });
  expect(missing).toEqual([]);
});

interface Sample {
  readonly told: Omit<Told, 'id'>;
  readonly topic: string;
  readonly operation: string;
}

/** A message for each pattern of a rule; for a collection, about one of its members. */
function samplesOf({ method, event, path, topic = 'any', action, operation }: Rule): Sample[] {
  const isCollection = operation.includes('{verb}');
  const done = action ?? (isCollection ? 'delete' : 'update');
  const verb = done === 'read' ? 'show' : done;
  const fill = (text: string, what: string) => text.replace('{noun}', 'thing').replace('{verb}', what);
  return [
    ...listOf(method).map((name) => ({ told: { kind: 'cast' as const, method: name }, topic, operation })),
    ...listOf(event).map((type) => ({
      told: { kind: 'notification' as const, method: fill(type, 'mend').replace('*', 'any') },
      topic,
      operation: fill(operation, 'mend'),
    })),
    ...listOf(path).map((words) => ({
      told: {
        kind: 'notification' as const,
        method: 'audit.http.request',
        audit: auditOf(isCollection ? `${words}/{id}` : words, done),
      },
      topic,
      operation: fill(operation, verb),
    })),
  ];
}

function auditOf(words: string, action: string) {
  const path = words.startsWith('v1/') ? `/${words}` : `/v9/${words}`;
  const cadf = CADF.includes(action) ? action : `update/${action}`;
  return { isResponse: false, requestId: REQUEST, globalRequestId: null, action: cadf, path, status: null };
}

function nameOf(told: Omit<Told, 'id'>, routingKey: string): string {
  const { message } = publish(0, 'api', { id: 'a', ...told });
  return BUILT_IN_OPERATIONS.of(message as Initiating, { exchange: 'any', routingKey }, REQUEST).name;
}
