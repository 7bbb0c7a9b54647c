/** Each storm is told when it begins and when it has ended, and not in between. */
import { expect, test } from 'vitest';
import type { Facts, Log } from '../../../src/log.ts';
import { StormNews } from '../../../src/service/storm-news.ts';
import type { Storm } from '../../../src/storm.ts';
import { hostileStorm, stormOf } from '../../support/storms.ts';

/** One that lasts, unless it is told otherwise. */
const storm = (given: Partial<Storm> = {}) => stormOf({ isOpen: true, ...given });

function telling() {
  const lines: { level: string; event: string; text: string; facts: Facts }[] = [];
  const tell =
    (level: string) =>
    (event: string, text: string, facts: Facts = {}) =>
      void lines.push({ level, event, text, facts });
  const log: Log = { info: tell('info'), warn: tell('warn'), error: tell('error') };
  const news = new StormNews(log, null);
  return { news, lines, events: () => lines.map(({ event, facts }) => `${event} ${facts.id}`) };
}

test('a storm is told once when it begins and once when it has ended, however often its state comes', () => {
  const { news, events } = telling();
  for (const isOpen of [true, true, true, false, false, true]) news.take([storm({ id: 'a', isOpen })]);
  expect(events()).toEqual(['storm_began a', 'storm_ended a']);
});

test('a storm that is over when it comes first is told as begun, then as ended', () => {
  const { news, events } = telling();
  news.take([storm({ id: 'a', isOpen: false }), storm({ id: 'b' })]);
  expect(events()).toEqual(['storm_began a', 'storm_ended a', 'storm_began b']);
});

test('the line says what, how much, from whom and why; its facts say the same to machines', () => {
  const { news, lines } = telling();
  news.take([storm()]);
  expect(lines).toEqual([
    {
      level: 'warn',
      event: 'storm_began',
      text:
        'RPC storm: object_class_action_versions (Service.get_by_host_and_binary) to conductor, and 1 more method, 524 messages/s, ' +
        'usually 12; from nova-compute@cmp17, neutron-linuxbridge-agent@cmp3 and 198 more; ' +
        '200 processes of nova-compute on 200 hosts were started',
      facts: {
        id: '4f1d00c0ffee0123',
        vhost: '/',
        method: 'object_class_action_versions',
        objects: ['Service.get_by_host_and_binary', 'ComputeNodeList.get_all_by_host'],
        exchange: 'nova',
        topic: 'conductor',
        signals: ['rate', 'queue_wait'],
        senders: ['nova-compute@cmp17', 'neutron-linuxbridge-agent@cmp3'],
        senders_count: 200,
        per_second: 523.5,
        usual_per_second: 12,
        factor: 43.625,
        trigger: 'restarts',
        trigger_detail: '200 processes of nova-compute on 200 hosts were started',
        trace_id: null,
      },
    },
  ]);
});

test('the end says how long it took and what it cost', () => {
  const { news, lines } = telling();
  news.take([storm(), storm({ isOpen: false })]);
  expect(lines[1]).toMatchObject({
    level: 'info',
    event: 'storm_ended',
    text:
      'the RPC storm of object_class_action_versions (Service.get_by_host_and_binary) to conductor, and 1 more method is over after 90 s: ' +
      '10,000 messages, at most 524/s',
    facts: { seconds: 90, messages: 10_000, bytes: 25_000_000, peak_per_second: 523.5 },
  });
});

test('what was never there before has no factor, and what nobody knows is said to be unknown', () => {
  const { news, lines } = telling();
  const trigger = { kind: 'unknown', detail: '', traceId: null, count: 0 } as const;
  news.take([storm({ usualPerSecond: 0, senders: [], sendersCount: 0, trigger })]);
  expect(lines[0]?.facts.factor).toBe(null);
  expect(lines[0]?.text).toMatch(/usually 0\.0; from senders that are not known; unknown$/);
});

test('names of others are one line of bounded length', () => {
  const { news, lines } = telling();
  news.take([hostileStorm()]);
  expect(lines.map(({ event }) => event)).toEqual(['storm_began', 'storm_ended']);
  for (const { text } of lines) expect(text).toMatch(/^[^\p{Cc}]{100,600}$/u);
});

test('a storm that lasts is remembered while thousands come and go', () => {
  const { news, events } = telling();
  for (let nth = 0; nth < 3_000; nth++) news.take([storm({ id: 'long' }), storm({ id: String(nth), isOpen: false })]);
  news.take([storm({ id: 'long', isOpen: false })]);
  expect(events().filter((line) => line.endsWith(' long'))).toEqual(['storm_began long', 'storm_ended long']);
});
