import { expect, test } from 'vitest';
import { anonymise } from '../../../src/report/anonymise.ts';
import type { Report } from '../../../src/report/report-shape.ts';
import { reportOf } from '../../support/reports.ts';

const KEY = Buffer.from('a key of more than sixteen bytes');
const HOSTS = ['cmp2', 'ctl', 'db1.cloud.example.org', 'compute', '192.0.2.7'];
const BASE = reportOf({ operations: 1, rows: 2, services: 2, name: (what, index) => `${what}${index}` });

/** What becomes of a queue's name: any other name is treated alike. */
function queueOf(queue: string, key: Uint8Array = KEY, hosts: readonly string[] = HOSTS): string {
  const [first] = BASE.queues;
  const report = { ...BASE, queues: first === undefined ? [] : [{ ...first, queue }] };
  return anonymise(report, { key, hosts }).queues[0]?.queue ?? '';
}

test('a host has one pseudonym wherever it stands: as a host, in a queue, behind an @, whatever its case', () => {
  const pseudonym = queueOf('cmp2');
  expect(pseudonym).toMatch(/^host-[0-9a-f]{10}$/);
  expect(queueOf('compute.cmp2')).toBe(`compute.${pseudonym}`);
  expect(queueOf('nova-compute@CMP2')).toBe(`nova-compute@${pseudonym}`);
  expect(queueOf('cmp2:4001 cmp2-mgmt')).toBe(`${pseudonym}:4001 ${pseudonym}-mgmt`);
});

test('a part of a word is no host', () => {
  expect(queueOf('cmp21 ctl_update controller rabbitmqctl')).toBe('cmp21 ctl_update controller rabbitmqctl');
});

test("a word of OpenStack's own stays in other names, though a machine is called so", () => {
  expect(queueOf('compute.{host}')).toBe('compute.{host}');
  const [row] = BASE.background_hosts;
  const report: Report = { ...BASE, background_hosts: row === undefined ? [] : [{ ...row, host: 'compute' }] };
  expect(anonymise(report, { key: KEY, hosts: HOSTS }).background_hosts[0]?.host).toMatch(/^host-/);
});

test('of a long name its first label and its domain give nothing away either', () => {
  const shown = queueOf('l3_agent.db1.cloud.example.org and db1 and other.cloud.example.org');
  expect(shown).toMatch(/^l3_agent\.host-\w+ and host-\w+ and other\.host-\w+$/);
});

test('addresses become pseudonyms; times and versions do not', () => {
  expect(queueOf('10.0.0.1:5672 to 10.0.0.1')).toMatch(/^(address-[0-9a-f]{10}):5672 to \1$/);
  expect(queueOf('fe80::1 and [2001:db8::7]:5672.')).toMatch(/^address-\w+ and \[address-\w+\]:5672\.$/);
  expect(queueOf('52:54:00:ab:cd:ef')).toMatch(/^address-\w+$/);
  expect(queueOf('19:55:43 1.10 neutron-vo-Port-1.10')).toBe('19:55:43 1.10 neutron-vo-Port-1.10');
});

test('a name made to be slow is not', () => {
  for (const part of [':', '1.', 'a-', 'f', 'cmp2.', '1:']) expect(queueOf(part.repeat(20_000)).length).toBeGreaterThan(10_000);
});

test('an id becomes another of the same form, and the trace of a request is still the one of its id', () => {
  const id = queueOf('req-707e4331-827d-4eb7-9933-1ef7a3949adb');
  expect(id).toMatch(/^req-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  expect(id).not.toContain('707e4331');
  expect(queueOf('707e4331827d4eb799331ef7a3949adb')).toBe(id.replace('req-', '').replaceAll('-', ''));
  expect(queueOf('reply_707e4331827d4eb799331ef7a3949adb')).not.toContain('707e4331');
});

test('another key gives other pseudonyms, the same key the same', () => {
  const other = Buffer.from('another key of sixteen and more');
  expect(queueOf('cmp2', other)).not.toBe(queueOf('cmp2'));
  expect(queueOf('cmp2', Buffer.from(KEY))).toBe(queueOf('cmp2'));
});

test('the words of a gap, its node and its vhost tell of no machine', () => {
  const gap = {
    ...{ start: '2026-11-21T19:55:43.491000000Z', end: '2026-11-21T19:56:43.491000000Z', duration_s: 60 },
    ...{ reason: 'disconnected' as const, vhost: 'tenant-a', node: 'rabbit@mq1', is_open: false, lost_min: 0, lost_estimate: 5 },
    detail: 'getaddrinfo ENOTFOUND mq1.internal',
  };
  const [shown] = anonymise({ ...BASE, gaps: [gap, { ...gap, vhost: '/nova' }] }, { key: KEY, hosts: HOSTS }).gaps;
  expect(shown).toMatchObject({ start: gap.start, end: gap.end, lost_estimate: 5, detail: '' });
  expect(shown?.node).toMatch(/^rabbit@host-\w{10}$/);
  expect(shown?.vhost).toMatch(/^vhost-\w{10}$/);
});

test('figures, keys and the names of methods stay', () => {
  const shown = anonymise(BASE, { key: KEY, hosts: [...HOSTS, 'window', 'messages'] });
  expect(Object.keys(shown)).toEqual(Object.keys(BASE));
  expect(shown.is_anonymised).toBe(true);
  expect(shown.window).toEqual(BASE.window);
  expect(shown.operations[0]?.counts).toEqual(BASE.operations[0]?.counts);
  expect(shown.operations[0]?.methods).toEqual(BASE.operations[0]?.methods);
});
