/**
 * What the load generator says it did is what a real broker's firehose shows, message by message: other tests take its word.
 * Skipped, loudly, where RabbitMQ is not installed.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Message } from '../../src/queries/traces.ts';
import { describeWithBroker } from '../support/broker.ts';
import { oslotap, ROOT, scratch } from '../support/cli.ts';
import { runLoad } from '../support/rpc-load.ts';

const byId = (a: { unique_id: string }, b: { unique_id: string }) => (a.unique_id < b.unique_id ? -1 : 1);

await describeWithBroker('the load generator', { trace: true }, (broker) => {
  test('tells exactly what the firehose shows', { timeout: 60_000 }, async () => {
    const folder = scratch();
    const [capture, truth] = [join(folder, 'load.ndjson.gz'), join(folder, 'truth.ndjson')];
    const stopRecording = await record(capture, broker);
    const result = await runLoad({
      amqp: broker.amqp,
      rate: 300,
      count: 600,
      timeoutShare: 0.05,
      timeoutMs: 1_000,
      replyDelayMs: 100,
      truth,
    });
    await stopRecording();

    const store = ['--store', `chdb:${join(folder, 'data')}`];
    const replayed = oslotap(['replay', capture, '--json', ...store]);
    expect(replayed).toMatchObject({ code: 0 });
    const messages = linesOf<Message>(oslotap(['messages', '--json', ...store]).stdout);
    const sent = linesOf<{ unique_id: string; kind: string; method: string; outcome: string }>(readFileSync(truth, 'utf8'));
    expect(result).toMatchObject({ missing: 0, unanswered: 30, publishes: { call: 600, reply: 570 } });
    expect(JSON.parse(replayed.stdout)).toMatchObject({ events: result.events });
    // A call that never gets a reply is still open where the recording ends before its time is over.
    const outcomeOf = ({ status }: Message) => (status === 'open' ? 'timeout' : status);
    const told = messages.map((message) => ({
      unique_id: message.unique_id,
      kind: message.kind,
      method: message.method,
      outcome: outcomeOf(message),
    }));
    expect(told.toSorted(byId)).toEqual(sent.toSorted(byId));
  });
});

/** @returns what ends the recording. */
async function record(capture: string, { amqp, api }: { amqp: string; api: string }): Promise<() => Promise<void>> {
  const script = join(ROOT, 'test/support/firehose_recorder.py');
  const recorder = spawn('python3', [script, capture, '--amqp', amqp, '--api', api], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void recorder.kill('SIGKILL'));
  await Promise.race([once(recorder.stdout, 'data'), once(recorder, 'exit')]);
  if (recorder.exitCode !== null) throw new Error('the recorder did not start');
  return async () => {
    const ended = once(recorder, 'exit');
    recorder.kill('SIGTERM');
    await ended;
  };
}

function linesOf<T>(text: string): T[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as T);
}
