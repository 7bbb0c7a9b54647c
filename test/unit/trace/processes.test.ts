/** Which connections are one process, and what it is called. */
import { describe, expect, test } from 'vitest';
import { Processes } from '../../../src/trace/processes.ts';
import { answered, deliver, deliverReply, publish, snapshot } from '../../support/events.ts';

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

  test('its own queue names its host, also where others with other names are at the same address', () => {
    const processes = new Processes();
    const told = [
      ['127.0.0.1:1 -> 127.0.0.1:5672', 'compute.cmp1', 'cmp1'],
      ['127.0.0.1:2 -> 127.0.0.1:5672', 'conductor.ctl', 'ctl'],
      ['127.0.0.1:3 -> 127.0.0.1:5672', 'scheduler.ctl', 'ctl'],
    ] as const;
    for (const [nth, [connection, queue]] of told.entries()) {
      processes.observe({ ...deliver(nth, connection, { id: String(nth), kind: 'cast' }), queue });
    }
    for (const [connection, , host] of told) expect(processes.of(connection).host).toBe(host);
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

describe('a process that was started again', () => {
  const at = (port: number) => `10.0.0.7:${port} -> 10.0.0.1:5672`;
  const [OLD_SENDS, OLD_CONSUMES, NEW_SENDS, NEW_CONSUMES] = [at(1), at(2), at(3), at(4)] as const;
  const connection = (name: string, pid: number) => ({
    name,
    connectionName: `nova-compute:${pid}:x`,
    peerHost: '10.0.0.7',
    connectedAtMs: 0,
  });
  const snapshotOf = (...connections: ReturnType<typeof connection>[]) => ({ connections, consumers: [], queues: [] });
  const OLD = snapshotOf(connection(OLD_SENDS, 100), connection(OLD_CONSUMES, 100));
  const NEW = snapshotOf(connection(NEW_SENDS, 200), connection(NEW_CONSUMES, 200));
  const calls = (sends: string, consumes: string, replyQueue: string) => [
    publish(0, sends, { id: 'a', replyQueue }),
    { ...deliverReply(1, consumes, 'a'), queue: replyQueue },
  ];
  const observe = (processes: Processes, events: readonly ReturnType<typeof calls>[number][]) => {
    for (const event of events) processes.observe(event);
  };

  test('is a new one by its pid, on the same host and of the same program', () => {
    const processes = new Processes(OLD);
    processes.learn(NEW);
    expect(processes.keyOf(OLD_SENDS)).toBe(processes.keyOf(OLD_CONSUMES));
    expect(processes.keyOf(NEW_SENDS)).toBe(processes.keyOf(NEW_CONSUMES));
    expect(processes.keyOf(NEW_SENDS)).not.toBe(processes.keyOf(OLD_SENDS));
    expect([processes.of(OLD_SENDS).id, processes.of(NEW_SENDS).id]).toEqual([
      'nova-compute@10.0.0.7:100',
      'nova-compute@10.0.0.7:200',
    ]);
  });

  test('is a new one by its handshake, where its connection has the port of an old one', () => {
    const processes = new Processes(OLD);
    const again = { ...connection(OLD_SENDS, 200), connectedAtMs: 5_000 };
    processes.learn(snapshotOf(again));
    processes.learn(snapshotOf(again));
    expect(processes.of(OLD_SENDS).id).toBe('nova-compute@10.0.0.7:200');
    expect(processes.keyOf(OLD_SENDS)).not.toBe(processes.keyOf(OLD_CONSUMES));
  });

  test('is a new one by its reply queue, where no snapshot tells', () => {
    const processes = new Processes();
    observe(processes, [...calls(OLD_SENDS, OLD_CONSUMES, 'reply_1'), ...calls(NEW_SENDS, NEW_CONSUMES, 'reply_2')]);
    expect(processes.keyOf(NEW_SENDS)).toBe(processes.keyOf(NEW_CONSUMES));
    expect(processes.keyOf(NEW_SENDS)).not.toBe(processes.keyOf(OLD_SENDS));
    // Said three times over, it is still not the one that has a reply queue of its own.
    for (let i = 0; i < 5; i++) processes.attest(NEW_SENDS, processes.keyOf(OLD_SENDS) ?? expect.fail());
    expect(processes.keyOf(NEW_SENDS)).not.toBe(processes.keyOf(OLD_SENDS));
  });

  test('is a new one also where it takes over the name of the reply queue before its pid is known', () => {
    const queue = 'reply_cmp1:nova-compute:1';
    const processes = new Processes(OLD);
    observe(processes, [...calls(OLD_SENDS, OLD_CONSUMES, queue), ...calls(NEW_SENDS, NEW_CONSUMES, queue)]);
    expect(processes.keyOf(NEW_SENDS)).toBe(processes.keyOf(NEW_CONSUMES));
    processes.learn(NEW);
    expect([processes.of(OLD_SENDS).id, processes.of(NEW_SENDS).id]).toEqual(['nova-compute@cmp1:100', 'nova-compute@cmp1:200']);
  });

  test('one that only lost a connection is the same, once both speak of the queue', () => {
    const queue = 'reply_cmp1:nova-compute:1';
    const processes = new Processes(OLD);
    observe(processes, [...calls(OLD_SENDS, OLD_CONSUMES, queue), ...calls(OLD_SENDS, NEW_CONSUMES, queue)]);
    observe(processes, calls(OLD_SENDS, NEW_CONSUMES, queue));
    expect(processes.of(NEW_CONSUMES).id).toBe('nova-compute@cmp1:100');
    expect(processes.keyOf(NEW_CONSUMES)).toBe(processes.keyOf(OLD_SENDS));
  });

  test('stays the same over reconnects with a reply queue of its own', () => {
    const processes = new Processes(OLD);
    observe(processes, [...calls(OLD_SENDS, OLD_CONSUMES, 'reply_1'), ...calls(NEW_SENDS, NEW_CONSUMES, 'reply_1')]);
    expect(processes.of(NEW_SENDS).id).toBe('nova-compute@10.0.0.7:100');
  });
});

test('API workers of one program on one host are apart, and agents of one queue name too', () => {
  const workers = [101, 102].map((pid) => ({
    name: `w${pid}`,
    connectionName: `neutron-server:${pid}:x`,
    peerHost: '10.0.0.7',
    connectedAtMs: 0,
  }));
  const processes = new Processes({
    connections: workers,
    consumers: workers.map(({ name }) => ({ queue: 'q-plugin', connection: name })),
    queues: ['q-plugin'],
  });
  expect(workers.map(({ name }) => processes.of(name).id)).toEqual([
    'neutron-server@10.0.0.7:101',
    'neutron-server@10.0.0.7:102',
  ]);
});

describe('what may own a nameless connection', () => {
  const at = (port: number) => `10.0.0.7:${port} -> 10.0.0.1:5672`;

  test('is any process at its address whose queue tells its service', () => {
    const processes = new Processes();
    processes.observe(publish(0, at(1), { id: 'x', kind: 'cast' }));
    processes.observe(deliver(0, at(2), { id: 'a' }));
    processes.observe(deliver(0, '10.0.0.8:2 -> 10.0.0.1:5672', { id: 'b' }));
    expect(processes.candidatesOf(at(1))).toEqual([processes.keyOf(at(1)), processes.keyOf(at(2))]);
  });

  test('is only itself at an address of more than a thousand, which is that of a proxy', () => {
    const processes = new Processes();
    for (let port = 2; port <= 1_002; port++) processes.observe(deliver(0, at(port), { id: `c${port}` }));
    processes.observe(publish(0, at(1), { id: 'x', kind: 'cast' }));
    expect(processes.candidatesOf(at(1))).toEqual([processes.keyOf(at(1))]);
  });
});

test('a connection that speaks is not forgotten for all that come and go', () => {
  const processes = new Processes(snapshot('api'));
  const key = processes.keyOf('api');
  for (let i = 0; i < 250_000; i++) {
    processes.observe(publish(i / 10, `10.0.${i >> 16}.${(i >> 8) & 255}:${i} -> x`, { id: 'x', kind: 'cast' }));
    if (i % 10_000 === 0) processes.observe(publish(i / 10, 'api', { id: 'a', kind: 'cast' }));
  }
  expect(processes.keyOf('api')).toBe(key);
  expect(processes.keyOf('10.0.0.0:0 -> x')).toBeNull();
});

test('a connection nobody has heard of is a process of its own, named by its address', () => {
  const processes = new Processes(snapshot('api'));
  processes.observe(publish(0, 'api', { id: 'a' }));
  expect(processes.of('[::1]:99 -> [::1]:5672')).toEqual({ id: '[::1]:99 -> [::1]:5672', service: '', host: '[::1]' });
});
