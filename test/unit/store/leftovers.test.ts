/** Spans that a run left behind which was killed before it wrote their message's row. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { AuditedRequest, Publish } from '../../../src/message.ts';
import { SPAN_COLUMNS, spanRows } from '../../../src/sinks/clickhouse/span-rows.ts';
import { ClickHouseWriter } from '../../../src/sinks/clickhouse/writer.ts';
import { openChdb } from '../../../src/store/chdb.ts';
import { migrate } from '../../../src/store/migrate.ts';
import { scratch } from '../../support/cli.ts';
import { correlate, publish, REQUEST } from '../../support/events.ts';

const AUDIT: AuditedRequest = {
  isResponse: true,
  requestId: REQUEST,
  globalRequestId: null,
  action: 'create',
  path: '/v2.1/servers',
  status: 202,
};
const HTTP = [
  publish(0, 'api', {
    id: 'q',
    kind: 'notification',
    method: 'audit.http.request',
    audit: { ...AUDIT, isResponse: false, status: null },
  }),
  publish(70_000, 'api', { id: 'a', kind: 'notification', method: 'audit.http.response', audit: AUDIT }),
];
const PAIR = [
  publish(0, 'compute', { id: 's', kind: 'notification', method: 'instance.create.start' }),
  publish(70_000, 'compute', { id: 'e', kind: 'notification', method: 'instance.create.end' }),
];

/** What is stored once `written` was written to a store in which the spans of `left` are, and nothing else. */
async function spansAfter(left: readonly Publish[], written: readonly Publish[]): Promise<object[]> {
  const store = await openChdb({ directory: join(scratch(), 'data'), command: 'test', isWriter: true });
  try {
    await migrate(store);
    const rows = correlate(left).closed.flatMap((closed) => spanRows(closed));
    await store.insert(
      'otel_traces',
      SPAN_COLUMNS,
      rows.map(({ json }) => json),
    );
    const writer = await ClickHouseWriter.open(store);
    await writer.write({ messages: correlate(written).closed, unmatched: [], gaps: [], storms: [] });
    return await store.query('SELECT SpanName AS name, Duration AS ns FROM otel_traces ORDER BY Timestamp, name');
  } finally {
    await store.close();
  }
}

test.each([
  ['an HTTP request', HTTP, ['POST /v2.1/servers', 'audit.http.request']],
  ['a span between two notifications', PAIR, ['instance.create', 'instance.create.start']],
])('%s is there once, whether its beginning was seen by the run that was killed or not', async (_, events, names) => {
  const wanted = names.map((name, i) => ({ name, ns: i === 0 ? 70_000_000_000 : 0 }));
  expect(await spansAfter(events, events)).toEqual(wanted);
  expect(await spansAfter(events.slice(1), events)).toEqual(wanted);
});
