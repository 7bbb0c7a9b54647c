/** The pages with oslotap's own figures say what its commands print. `vitest --update` writes them anew. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { Fingerprint } from '../../src/report/fingerprint.ts';
import { capturePath } from '../support/captures.ts';
import { oslotap, ROOT } from '../support/cli.ts';
import { regenerated } from '../support/console-pages.ts';

const hasJq = spawnSync('jq', ['--version']).error === undefined;
const pathOf = (page: string) => join(ROOT, 'docs', page);
const textOf = (page: string) => readFileSync(pathOf(page), 'utf8');

test.skipIf(!hasJq).each(['boot.md', 'zed-to-2025.1.md'])(
  'docs/%s has what its commands print',
  async (page) => {
    await expect(regenerated(textOf(page))).toMatchFileSnapshot(pathOf(page));
  },
  180_000,
);

interface Boots {
  readonly zed: Fingerprint;
  readonly epoxy: Fingerprint;
  readonly ten: Fingerprint;
}

let boots: Boots;
beforeAll(() => {
  const of = (capture: string) =>
    JSON.parse(oslotap(['fingerprint', 'server.create', capturePath(capture)]).stdout) as Fingerprint;
  boots = { zed: of('boot-1'), epoxy: of('2025.1-boot-1'), ten: of('boot-10-parallel') };
});

const mean = ({ counts }: Fingerprint, name: keyof Fingerprint['counts']): number => counts[name].mean;
const rpcs = (boot: Fingerprint): number => mean(boot, 'calls') + mean(boot, 'casts') + mean(boot, 'fanouts');
const SHOWN = ['calls', 'casts', 'fanouts', 'notifications', 'publishes', 'deliveries'] as const;

test('the tables and sentences of docs/boot.md have the figures of the recordings', () => {
  const page = textOf('boot.md');
  const { zed, epoxy } = boots;
  expect(page).toContain(`**${rpcs(zed)} with Zed, ${rpcs(epoxy)} with 2025.1**`);
  for (const [name, boot] of [
    ['Zed, linuxbridge', zed],
    ['2025.1, Open vSwitch', epoxy],
  ] as const) {
    const [calls, casts, fanouts, notifications, messages, deliveries] = SHOWN.map((count) => mean(boot, count));
    expect(page).toContain(
      `| ${name} | ${calls} | ${casts} | ${fanouts} | ${rpcs(boot)} | ${mean(boot, 'replies')} | ${notifications} | ${messages} | ${deliveries} |`,
    );
  }
  const sumOf = (is: (rpc: Fingerprint['rpcs'][number]) => boolean) =>
    zed.rpcs.filter(is).reduce((sum, { count }) => sum + count.mean, 0);
  const toConductor = sumOf(
    ({ kind, routes }) =>
      kind === 'call' && routes.some(({ from, to }) => from === 'nova-compute' && to.includes('nova-conductor')),
  );
  const saves = sumOf(({ object }) => object === 'Instance.save');
  expect(page).toContain(`which is ${toConductor} of the ${mean(zed, 'calls')} calls, and ${saves} of them save the same`);
  expect(page).toContain(`${mean(zed, 'notifications')} of ${mean(zed, 'publishes')} messages, are notifications`);
  const audits = zed.notifications
    .filter(({ event_type }) => event_type.startsWith('audit.http'))
    .reduce((sum, { count }) => sum + count.mean, 0);
  expect(page).toContain(`Two thirds of them, ${audits}, are the audit filters`);
  const ofNova = zed.notifications.filter(
    ({ from, event_type }) => from.startsWith('nova-') && !event_type.startsWith('audit.http'),
  );
  expect(page).toContain(`Of the rest, ${ofNova.reduce((sum, { count }) => sum + count.mean, 0)} are nova's`);
  const fanouts = zed.rpcs.filter(({ kind }) => kind === 'fanout').flatMap(({ routes }) => routes);
  const copies = fanouts.reduce((sum, { deliveries }) => sum + deliveries, 0);
  expect([fanouts.length, copies]).toEqual([3, 9]);
  expect(fanouts.map(({ deliveries }) => (deliveries === 4 ? 2_000 : deliveries)).reduce((sum, count) => sum + count, 0)).toBe(
    4_001,
  );
});

test('the table and sentences of docs/zed-to-2025.1.md have the figures of the recordings', () => {
  const page = textOf('zed-to-2025.1.md');
  const { zed, epoxy, ten } = boots;
  for (const [name, count] of [
    ['calls', 'calls'],
    ['casts', 'casts'],
    ['fanouts', 'fanouts'],
    ['notifications', 'notifications'],
    ['messages', 'publishes'],
    ['deliveries', 'deliveries'],
  ] as const) {
    const more = mean(epoxy, count) - mean(zed, count);
    const change = more === 0 ? '' : ` ${more < 0 ? '−' : '+'}${Math.abs(more)}`;
    expect(page).toContain(`| ${name} | ${mean(zed, count)} | ${mean(epoxy, count)} |${change} |`);
  }
  const nova = zed.rpcs.filter(({ exchange }) => exchange === 'nova' || exchange === 'scheduler_fanout');
  expect(page).toContain(`all of its ${nova.reduce((sum, { count }) => sum + count.mean, 0)} RPCs`);
  const of = (count: keyof Fingerprint['counts']) => `${ten.counts[count].min} to ${ten.counts[count].max}`;
  expect(page).toContain(`made ${of('calls')} calls, ${of('casts')} casts and ${of('notifications')} notifications each`);
});
