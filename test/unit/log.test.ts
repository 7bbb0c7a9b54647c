/** The log: events for people and machines, and no more of them than anybody can read. */
import { expect, test } from 'vitest';
import { createLog } from '../../src/log.ts';

function collect(isTTY = false) {
  const lines: string[] = [];
  return { lines, output: { isTTY, write: (text: string) => lines.push(text) } };
}

test('a line is JSON with its event, its text and its facts', () => {
  const { lines, output } = collect();
  createLog({ output }).warn('tap_lost', 'connection lost', { vhost: '/' });
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    level: 'warn',
    service: 'oslotap',
    event: 'tap_lost',
    vhost: '/',
    msg: 'connection lost',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
  });
});

test('on a terminal it is readable, in colours, and wipes the status line; as text without one it has neither', () => {
  const terminal = collect(true);
  createLog({ output: terminal.output }).info('tap_connected', 'connected to ctl1', { host: 'ctl1' });
  const [line = ''] = terminal.lines;
  expect(line.startsWith('\r\u001b[2K[')).toBe(true);
  expect(line).toContain('\u001b[32mINFO\u001b[39m');
  expect(line).toContain('connected to ctl1');
  const file = collect();
  createLog({ output: file.output, format: 'text' }).info('tap_connected', 'connected to ctl1', { host: 'ctl1' });
  expect(file.lines.join('')).toMatch(/^\[\d\d:\d\d:\d\d\] INFO: connected to ctl1\n$/);
});

test('what is less grave than the level is left out', () => {
  const { lines, output } = collect();
  const log = createLog({ output, level: 'warn' });
  log.info('status', 'all is well');
  log.error('store_away', 'disk full');
  expect(lines).toHaveLength(1);
});

test('an event that comes again and again is told 20 times a minute, and others are not kept waiting', () => {
  const { lines, output } = collect();
  let nowMs = 0;
  const log = createLog({ output, nowMs: () => nowMs });
  for (let nth = 0; nth < 1_000; nth++) log.warn('tap_lost', 'connection lost');
  log.warn('broker_alarm', 'memory');
  expect(lines).toHaveLength(21);
  nowMs = 60_000;
  log.warn('tap_lost', 'connection lost');
  expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ suppressed: 980, msg: 'connection lost (and 980 more like it before)' });
});
