/** What a person sees of a VM boot. A change here is a change of the product: look at it, then `npm test -- -u`. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Message, TraceSummary } from '../../src/queries/traces.ts';
import type { Report } from '../../src/report/report.ts';
import { capturePath } from '../support/captures.ts';
import { oslotap, scratch } from '../support/cli.ts';

type Shown = TraceSummary & { critical_path: unknown; links: unknown; messages: Message[] };

const REQUEST = 'req-707e4331-827d-4eb7-9933-1ef7a3949adb';

test('requests, show and report of one boot', async () => {
  const store = ['--store', `chdb:${join(scratch(), 'data')}`];
  expect(oslotap(['replay', capturePath('boot-1'), ...store]).code).toBe(0);
  const golden = (name: string) => join(import.meta.dirname, 'boot', name);
  await expect(oslotap(['requests', ...store]).stdout).toMatchFileSnapshot(golden('requests.txt'));
  await expect(oslotap(['show', REQUEST, ...store]).stdout).toMatchFileSnapshot(golden('show.txt'));
  await expect(oslotap(['report', ...store]).stdout).toMatchFileSnapshot(golden('report.md'));

  // Every form tells the same figures.
  const shown = JSON.parse(oslotap(['show', REQUEST, '--json', ...store]).stdout) as Shown;
  const listed = (JSON.parse(oslotap(['requests', '--json', ...store]).stdout) as TraceSummary[]).find(
    ({ request_id }) => request_id === REQUEST,
  );
  const { messages, critical_path, links, ...summary } = shown;
  expect(summary).toEqual(listed);
  expect(messages.length).toBe(summary.counts.publishes - summary.counts.replies);
  const report = JSON.parse(oslotap(['report', '--format', 'json', ...store]).stdout) as Report;
  const boot = report.operations.find(({ operation }) => operation === 'server.create');
  expect(Object.fromEntries(Object.entries(boot?.counts ?? {}).map(([name, { mean }]) => [name, mean]))).toEqual(summary.counts);
});
