/** Which connections are one process, and what it is called. */
import { describe, expect, test } from 'vitest';
import { Processes } from '../../../src/trace/processes.ts';
import { answered, publish, snapshot } from '../../support/events.ts';

const CALLER_SENDS = '10.0.0.7:1 -> 10.0.0.1:5672';
const CALLER_CONSUMES = '10.0.0.7:2 -> 10.0.0.1:5672';
const SERVER_CONSUMES = '10.0.0.8:3 -> 10.0.0.1:5672';
const SERVER_SENDS = '10.0.0.8:4 -> 10.0.0.1:5672';

/** A call on four connections, as oslo.messaging uses them. */
function call() {
  const [sent, delivered, replied, answer] = answered(0, CALLER_SENDS, SERVER_CONSUMES, { id: 'a' });
  if (!sent || !delivered || !replied || !answer) throw new Error('four events');
  return [sent, delivered, { ...replied, connection: SERVER_SENDS }, { ...answer, connection: CALLER_CONSUMES }];
}

describe('from the traffic alone', () => {
  test('who sends a call consumes its reply queue; who sends the reply consumed the call', () => {
    const processes = new Processes();
    for (const event of call()) processes.observe(event);
    expect(processes.keyOf(CALLER_SENDS)).toBe(processes.keyOf(CALLER_CONSUMES));
    expect(processes.keyOf(SERVER_SENDS)).toBe(processes.keyOf(SERVER_CONSUMES));
    expect(processes.keyOf(CALLER_SENDS)).not.toBe(processes.keyOf(SERVER_SENDS));
  });

  test('the queue a process consumes names its service', () => {
    const processes = new Processes();
    for (const event of call()) processes.observe(event);
    expect(processes.of(SERVER_SENDS)).toEqual({
      id: `nova-conductor@10.0.0.8:${SERVER_CONSUMES}`,
      service: 'nova-conductor',
      host: '10.0.0.8',
    });
  });

  test('any order of the events finds the same', () => {
    const there = new Processes();
    const back = new Processes();
    for (const event of call()) there.observe(event);
    for (const event of call().reverse()) back.observe(event);
    for (const connection of [CALLER_SENDS, CALLER_CONSUMES, SERVER_CONSUMES]) {
      expect(back.of(connection)).toEqual(there.of(connection));
    }
  });
});

describe('from the snapshot', () => {
  const named = (name: string, connectionName: string, peerHost: string) => ({
    name,
    connectionName,
    peerHost,
    connectedAtMs: 0,
  });

  test('program, host and pid in the connection name make a process', () => {
    const processes = new Processes({
      connections: [named('a', 'nova-compute:6653:x', '10.0.0.7'), named('b', 'nova-compute:6653:y', '10.0.0.7')],
      consumers: [{ queue: 'compute.cmp1.example.com', connection: 'b' }],
      queues: ['compute', 'compute.cmp1.example.com'],
    });
    expect(processes.keyOf('a')).toBe(processes.keyOf('b'));
    expect(processes.of('a')).toEqual({
      id: 'nova-compute@cmp1.example.com:6653',
      service: 'nova-compute',
      host: 'cmp1.example.com',
    });
  });

  test('the same pid on two hosts is two processes', () => {
    const processes = new Processes({
      connections: [named('a', 'nova-compute:6653:x', '10.0.0.7'), named('b', 'nova-compute:6653:y', '10.0.0.8')],
      consumers: [],
      queues: [],
    });
    expect(processes.keyOf('a')).not.toBe(processes.keyOf('b'));
  });

  test("a web server's name says nothing: the reply queue of the queue manager does", () => {
    const processes = new Processes({
      connections: [named('a', 'uwsgi:77:x', '10.0.0.7')],
      consumers: [{ queue: 'reply_ctl.example.com:nova-api:3', connection: 'a' }],
      queues: [],
    });
    expect(processes.of('a')).toEqual({ id: 'nova-api@ctl.example.com:77', service: 'nova-api', host: 'ctl.example.com' });
  });
});

test('a connection nobody has heard of is a process of its own, named by its address', () => {
  const processes = new Processes(snapshot('api'));
  processes.observe(publish(0, 'api', { id: 'a' }));
  expect(processes.of('[::1]:99 -> [::1]:5672')).toEqual({ id: '[::1]:99 -> [::1]:5672', service: '', host: '[::1]' });
});
