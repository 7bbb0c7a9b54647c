/** Markers: what their coming back, or not, says of a tap's queue. */
import { EventEmitter } from 'node:events';
import type { ChannelModel, MessageProperties } from 'amqplib';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Markers } from '../../../collectors/amqp/markers.ts';

beforeEach(() => void vi.useFakeTimers({ now: 1_700_000_000_000 }));
afterEach(() => void vi.useRealTimers());

const nowNs = () => BigInt(Date.now()) * 1_000_000n;

/** Markers that publish into a list, which stands for the queue; one is sent at once, then one a second. */
async function started() {
  const queue: MessageProperties[] = [];
  const drops: number[] = [];
  const channel = Object.assign(new EventEmitter(), {
    publish: (_exchange: string, _queue: string, _body: Buffer, properties: MessageProperties) => queue.push(properties),
  });
  const connection = Object.assign(new EventEmitter(), { createChannel: async () => channel });
  const dropped = (_fromNs: bigint, _toNs: bigint, count: number) => drops.push(count);
  const markers = new Markers('oslotap.firehose', nowNs, { returned: () => {}, dropped, blocked: () => {} });
  await markers.start(connection as unknown as ChannelModel);
  return { markers, queue, drops };
}

test('markers that are missing between two that came back were dropped', async () => {
  const { markers, queue, drops } = await started();
  vi.advanceTimersByTime(3_000);
  for (const nth of [0, 3]) markers.receive(queue[nth] as MessageProperties);
  expect(drops).toEqual([2]);
});

test('one that stood by and takes over takes none for dropped, and does not lag', async () => {
  const other = await started();
  const { markers, queue, drops } = await started();
  vi.advanceTimersByTime(60_000); // the other one is given all of them
  markers.takeOver();
  expect(markers.lagMs).toBe(0);
  vi.advanceTimersByTime(1_000);
  markers.receive(other.queue[60] as MessageProperties);
  for (const nth of [60, 61]) markers.receive(queue[nth] as MessageProperties);
  expect(drops).toEqual([]);
});
