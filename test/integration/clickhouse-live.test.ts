/** `oslotap run` with a ClickHouse server as its store, which is killed and away, beside a broker under a load whose every message is known. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { describeWithBroker } from '../support/broker.ts';
import { oslotap, scratch } from '../support/cli.ts';
import { ClickHouseServer } from '../support/clickhouse-server.ts';
import { rollUpDifferences, withStore } from '../support/figures.ts';
import { runLoad } from '../support/rpc-load.ts';
import { differences, NO_DIFFERENCE, Sidecar } from '../support/sidecar.ts';

await describeWithBroker('a live tap into a server', {}, (broker) => {
  const api = broker.api.replace('://', `://${broker.user}:${broker.password}@`);

  test('stores every RPC once, though the server and the sidecar are killed in between', { timeout: 150_000 }, async () => {
    const folder = scratch();
    const [directory, state, truth] = [join(folder, 'server'), join(folder, 'state'), join(folder, 'truth.ndjson')];
    const server = await ClickHouseServer.start(directory);
    onTestFinished(() => server.kill());
    const env = { OSLOTAP_AMQP: broker.amqp, OSLOTAP_API: api, OSLOTAP_STORE: server.url, OSLOTAP_STATE: state };
    let sidecar = await Sidecar.start(['--arm'], env);
    expect(oslotap(['run'], env)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`the directory ${state} is held by process`),
    });
    const load = runLoad({ amqp: broker.amqp, rate: 100, seconds: 15, truth });
    await sleep(3_000);
    await server.setFaults({ kind: 'lose_answer', statement: '^INSERT INTO o.*FORMAT', times: 3 });
    await sleep(2_000);
    await server.kill();
    await sleep(3_000);
    await server.restart();
    await sleep(3_000);
    await sidecar.kill();
    sidecar = await Sidecar.start(['--arm'], env);
    await load;
    expect(await sidecar.stop()).toBe(0);
    expect(existsSync(join(state, 'journal'))).toBe(true);
    await server.end();
    expect(await differences(`chdb:${directory}`, truth)).toEqual(NO_DIFFERENCE);
    expect(await withStore(directory, rollUpDifferences)).toEqual([]);
  });

  test('ends in order while the server is away, and the next start writes what it had', { timeout: 150_000 }, async () => {
    const folder = scratch();
    const [directory, state, truth] = [join(folder, 'server'), join(folder, 'state'), join(folder, 'truth.ndjson')];
    const server = await ClickHouseServer.start(directory);
    onTestFinished(() => server.kill());
    const env = { OSLOTAP_AMQP: broker.amqp, OSLOTAP_API: api, OSLOTAP_STORE: server.url, OSLOTAP_STATE: state };
    const sidecar = await Sidecar.start(['--arm'], env);
    const load = runLoad({ amqp: broker.amqp, rate: 50, seconds: 4, truth });
    await sleep(2_000);
    await server.kill();
    await load;
    expect(await sidecar.stop()).toBe(0);
    await server.restart();
    const next = await Sidecar.start(['--arm'], env);
    expect(await next.stop()).toBe(0);
    await server.end();
    expect(await differences(`chdb:${directory}`, truth)).toEqual(NO_DIFFERENCE);
    expect(await withStore(directory, rollUpDifferences)).toEqual([]);
  });
});
