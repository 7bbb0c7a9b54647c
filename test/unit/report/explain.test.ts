import { expect, test } from 'vitest';
import type { MessageDetail, TraceSummary } from '../../../src/queries/traces.ts';
import { explain, renderExplanation } from '../../../src/report/explain.ts';
import { renderLinks } from '../../../src/report/links.ts';

const COMPUTE = { service: 'nova-compute', host: 'cmp2', process: '' };
const SUMMARY = {
  trace_id: '707e4331827d4eb799331ef7a3949adb',
  request_id: 'req-707e4331-827d-4eb7-9933-1ef7a3949adb',
  operation: 'server.create',
  start: '2026-11-21T19:55:43.800000000Z',
} as TraceSummary;

function message(given: Partial<MessageDetail>): MessageDetail {
  return {
    trace_id: SUMMARY.trace_id,
    unique_id: 'u',
    parent_unique_id: null,
    kind: 'call',
    method: 'object_action',
    object: 'Instance.save',
    namespace: null,
    version: null,
    exchange: 'nova',
    routing_key: 'conductor',
    request_id: SUMMARY.request_id,
    global_request_id: null,
    join: 'handled',
    confidence: 'certain',
    from: COMPUTE,
    to: [],
    published_at: SUMMARY.start,
    replied_at: null,
    duration_ms: null,
    status: 'ok',
    failure: null,
    verdict: null,
    culprit: null,
    verdict_evidence: null,
    arguments: null,
    bytes: 1,
    seen_for_ms: 0,
    replies: 0,
    reply_queue: '',
    reply_bytes: 0,
    reply_deliveries: 0,
    routed_queues: [],
    evidence: 'shared_id',
    evidence_resource: null,
    candidates: 1,
    http_action: '',
    http_path: '',
    http_status: 0,
    ...given,
  };
}

const BUILD = message({ unique_id: 'b', kind: 'cast', method: 'build', object: null, join: 'request_id', evidence: 'own_id' });
const PORT = '096ddabc-77fb-4477-8595-63c6921f6e66';

function why(given: Partial<MessageDetail>): string | undefined {
  return explain(SUMMARY, [BUILD, message({ parent_unique_id: 'b', ...given })], []).messages[1]?.why;
}

test.each([
  [{ evidence: 'shared_id' }, 'nova-compute@cmp2 was handling build, the only one there with its request id'],
  [
    { evidence: 'shared_id_and_resource', candidates: 3, evidence_resource: PORT },
    `of the 3 messages that nova-compute@cmp2 was handling with its request id, build is the one about ${PORT}`,
  ],
  [
    { evidence: 'shared_id_and_habit', candidates: 2 },
    'of the 2 messages that nova-compute@cmp2 was handling with its request id, build is the one whose like sends it next',
  ],
  [{ evidence: 'only_work' }, 'nova-compute@cmp2 was handling build, and nothing else that can have sent it'],
  [
    { evidence: 'habit', candidates: 3 },
    'of the 3 messages that nova-compute@cmp2 was handling, build is the one whose like sends it',
  ],
  [{ evidence: 'worked_on', evidence_resource: PORT }, `about ${PORT}, which only this request was at work on`],
  [{ evidence: 'own_id', request_id: 'req-1' }, 'it carries the id of an HTTP request that is part of this one'],
  [{ evidence: 'own_id' }, "it carries the request's own id"],
  [
    { evidence: 'own_id', request_id: 'req-1', global_request_id: SUMMARY.request_id },
    "it carries the request's id as its global one",
  ],
  [
    { evidence: 'serving', candidates: 1 },
    'nova-compute@cmp2 served an HTTP request of it, and did nothing else that can have sent it',
  ],
  [{ evidence: 'round' }, 'it follows others with the same id, which is of background work'],
  [{ evidence: 'nothing' }, 'nothing ties it to what came before: the trace begins with it'],
  [{ evidence: '' }, 'nothing ties it to what came before: the trace begins with it'],
] as const)('%o: %s', (given, sentence) => {
  expect(why(given)).toBe(sentence);
});

test('for people: counts, then each reason with its messages, then links', () => {
  const likely = { parent_unique_id: 'b', confidence: 'likely', evidence: 'shared_id_and_latest' } as const;
  const messages = [
    BUILD,
    message({ parent_unique_id: 'b' }),
    message({ parent_unique_id: 'b' }),
    message({ ...likely, candidates: 3, kind: 'notification', method: 'instance.update', object: null }),
    message({ ...likely, candidates: 5, kind: 'notification', method: 'instance.update', object: null }),
  ];
  expect(renderExplanation(explain(SUMMARY, messages, []), messages)).toMatchInlineSnapshot(`
    "server.create  req-707e4331-827d-4eb7-9933-1ef7a3949adb
    2026-11-21 19:55:43.800 UTC, 5 messages and their replies

    MESSAGES  CERTAIN  LIKELY  JOIN        EVIDENCE
           2        2       0  handled     shared_id
           2        0       2  handled     shared_id_and_latest
           1        1       0  request_id  own_id

    it carries the request's own id  (request_id, certain)
        cast build
    nova-compute@cmp2 was handling build, the only one there with its request id  (handled, certain)
        call Instance.save ×2
    ~ of the 3 to 5 messages that nova-compute@cmp2 was handling with its request id, build was the last to go on  (handled, likely)
        notification instance.update ×2
    "
  `);
});

test('links both ways, ten at most of each', () => {
  const link = {
    trace_id: 'a'.repeat(32),
    request_id: null,
    operation: 'periodic.x',
    start: SUMMARY.start,
    resources: [PORT],
    messages: 2,
  };
  const links = Array.from({ length: 12 }, () => ({ ...link, direction: 'concerned_by' as const }));
  const text = renderLinks([{ ...link, direction: 'concerns', messages: 1 }, ...links]);
  expect(text.split('\n')[0]).toBe(
    `also concerns  periodic.x  ${link.trace_id}  2026-11-21 19:55:43.800 UTC  by 1 message about ${PORT}`,
  );
  expect(text.match(/is concerned by/g)?.length).toBe(10);
  expect(text).toContain('… and 2 more');
});
