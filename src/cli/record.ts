/** `oslotap record FILE`: a live tap into a capture, without secrets. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { Command, Option } from 'commander';
import { Clock } from '../../collectors/amqp/clock.ts';
import { BrokerFailure } from '../../collectors/amqp/connect.ts';
import { Inbox } from '../../collectors/amqp/inbox.ts';
import { QueueTap, type TapListener } from '../../collectors/amqp/queue-tap.ts';
import { SnapshotUnion, writeSnapshot } from '../../collectors/capture/snapshot.ts';
import { CaptureWriter } from '../../collectors/capture/write.ts';
import { bindingsOf, toReceived } from '../../collectors/firehose/firehose.ts';
import type { ManagementApi } from '../../collectors/management/api.ts';
import { readBrokerSnapshot } from '../../collectors/management/snapshot.ts';
import { Failed, Misuse, reasonOf } from '../errors.ts';
import { OWN_QUEUE_PREFIX } from '../message.ts';
import { isOwnTraffic } from '../oslo/own-traffic.ts';
import { redactMessage } from '../oslo/redact-message.ts';
import { DRAIN_MS, INBOX_BYTES_MAX, type LiveSetUp } from '../service/set-up.ts';
import { Stop } from '../service/stop.ts';
import { thousands } from '../thousands.ts';
import { readLiveSetUp } from './live-options.ts';
import { addSettings, placing, settingsFor } from './settings-options.ts';

interface RecordOptions {
  readonly dangerouslyKeepPayload?: true;
}

const SETTINGS = ['amqp', 'api', 'tls', 'tap.queueLength', 'tap.queueBytes', 'for'];
/** Milliseconds. */
const FOR_MS = 60_000;

export function recordCommand(): Command {
  const command = new Command('record')
    .description('record a live firehose into a capture, without its secrets, to replay, to hand on, to report a bug with')
    .argument('<FILE>', 'X.ndjson.gz; must not exist. X.connections.json beside it names the processes (needs --api)');
  return addSettings(command, SETTINGS, { for: { description: 'how long: 60s, 10m, 2h', otherwise: '60s' } })
    .addOption(
      new Option('--dangerously-keep-payload', 'keep live tokens, passwords and users’ data in the file: never hand it on'),
    )
    .addHelpText(
      'after',
      `
The firehose must be on (oslotap tap status). The recording takes its own queue, bounded, which vanishes with it.
Secrets become placeholders of the same length; the file is readable by its owner only. Ctrl-C ends it early, the file is whole.`,
    )
    .action(record);
}

/** Should this process die, the queue goes soon after. Milliseconds. */
const QUEUE_EXPIRES_MS = 60_000;
const SNAPSHOT_MS = 10_000;

async function record(file: string, options: RecordOptions, command: Command): Promise<void> {
  if (!file.endsWith('.ndjson.gz')) throw new Misuse(`${file}: name the capture X.ndjson.gz`);
  if (existsSync(file)) throw new Misuse(`${file} exists already: name another file`);
  const { settings, reading } = settingsFor(command, SETTINGS);
  const setUp = placing(reading, () => readLiveSetUp(settings, QUEUE_EXPIRES_MS));
  const stop = new Stop(settings.for ?? FOR_MS);
  const snapshots = new Snapshots(setUp);
  try {
    await snapshots.take();
    const recording = new Recording(file, setUp, {
      prefetch: settings.amqp.prefetch,
      isRaw: options.dangerouslyKeepPayload === true,
    });
    await recording.start();
    stop.onStop(() => void recording.stop());
    const written = await recording.run();
    await snapshots.take();
    const named = snapshots.write(file);
    say(`${file}: ${thousands(written)} events${named ? ', and its connections snapshot' : ''}`);
    if (recording.trouble !== null) throw new Failed(`the recording is not whole: ${recording.trouble}`);
  } finally {
    snapshots.end();
    stop.release();
    for (const api of setUp.apis) api.close();
  }
}

class Recording {
  /** What was lost, in one line; null where nothing was. */
  trouble: string | null = null;
  readonly #inbox = new Inbox(INBOX_BYTES_MAX);
  readonly #taps: readonly QueueTap[];
  readonly #file: string;
  readonly #isRaw: boolean;

  constructor(file: string, setUp: LiveSetUp, { prefetch, isRaw }: { readonly prefetch: number; readonly isRaw: boolean }) {
    this.#file = file;
    this.#isRaw = isRaw;
    const queue = `${OWN_QUEUE_PREFIX}record.${randomBytes(4).toString('hex')}`;
    const clock = new Clock();
    this.#taps = setUp.brokers.map((broker) => {
      const tier = { bindings: bindingsOf('full'), possibleBindings: bindingsOf('full') };
      const parts = { inbox: this.#inbox, clock, listener: this.#listener(), toReceived, prefetch };
      const { tls, bounds } = setUp;
      return new QueueTap({ broker, tls, queue, bounds, ...tier, ...parts, lagMaxMs: Number.POSITIVE_INFINITY, aliveNs: null });
    });
  }

  async start(): Promise<void> {
    try {
      for (const tap of this.#taps) await tap.start();
    } catch (error) {
      await this.#remove(); // an open connection would keep the process alive
      if (error instanceof BrokerFailure) throw new Misuse(error.message);
      throw error;
    }
  }

  /** Takes in what is on its way. */
  async stop(): Promise<void> {
    await Promise.all(this.#taps.map((tap) => tap.drain(DRAIN_MS).then(() => tap.cancel())));
    this.#inbox.end();
  }

  /** @returns events written. */
  async run(): Promise<number> {
    const writer = new CaptureWriter(this.#file);
    let count = 0;
    try {
      for await (const chunk of this.#inbox.chunks()) {
        for (const item of chunk.items) {
          if ('tickNs' in item || isOwnTraffic(item)) continue;
          await writer.write(this.#isRaw ? item : redactMessage(item));
          count++;
        }
        chunk.acknowledge();
      }
      await writer.close();
    } catch (error) {
      throw new Failed(`${this.#file}: ${reasonOf(error)}`);
    } finally {
      await this.#remove();
    }
    return count;
  }

  async #remove(): Promise<void> {
    await Promise.all(this.#taps.map((tap) => tap.stop(true)));
  }

  #listener(): TapListener {
    return {
      connected: ({ host }) => say(`recording from ${host}`),
      lost: (reason) => {
        this.trouble ??= `the connection was lost: ${reason}`;
        say(`connection lost: ${reason}; trying again`);
      },
      retrying: () => {},
      overflowed: (_from, _to, lostMin) => {
        this.trouble ??= `the queue overflowed, at least ${lostMin} messages are lost`;
      },
      blocked: (reason) => {
        if (reason !== null) say(`the broker is in alarm: ${reason}`);
      },
    };
  }
}

/** The connections that there were at any time of the recording. */
class Snapshots {
  readonly #union = new SnapshotUnion();
  readonly #api: ManagementApi | undefined;
  readonly #vhosts: readonly string[];
  readonly #timer: NodeJS.Timeout;
  #trouble = '';

  constructor({ apis, brokers }: LiveSetUp) {
    this.#api = apis[0];
    this.#vhosts = brokers.map(({ vhost }) => vhost);
    this.#timer = setInterval(() => void this.take(), SNAPSHOT_MS);
  }

  async take(): Promise<void> {
    if (this.#api === undefined || this.#trouble !== '') return;
    try {
      this.#union.add(await readBrokerSnapshot(this.#api, this.#vhosts));
    } catch (error) {
      this.#trouble = reasonOf(error);
      say(`processes will be told from the traffic: ${this.#trouble}`);
    }
  }

  end(): void {
    clearInterval(this.#timer);
  }

  /** @returns whether there was anything to write. */
  write(capture: string): boolean {
    const snapshot = this.#union.snapshot;
    if (snapshot.connections.length === 0) return false;
    writeSnapshot(capture, snapshot);
    return true;
  }
}

function say(text: string): void {
  process.stderr.write(`oslotap: ${text}\n`);
}
