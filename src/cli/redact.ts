/** `oslotap redact IN OUT`: a capture without its secrets, to hand on. */
import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { readCapture } from '../../collectors/capture/read.ts';
import { readSnapshot, writeSnapshot } from '../../collectors/capture/snapshot.ts';
import { CaptureWriter } from '../../collectors/capture/write.ts';
import { Failed, Misuse, reasonOf } from '../errors.ts';
import { redactMessage } from '../oslo/redact-message.ts';

export function redactCommand(): Command {
  return new Command('redact')
    .description(
      'copy a capture without its secrets: tokens, passwords, names and free text become placeholders of the same length',
    )
    .argument('<IN>', 'a capture, with its connections snapshot where there is one')
    .argument('<OUT>', 'X.ndjson.gz; must not exist')
    .action(redact);
}

async function redact(from: string, to: string): Promise<void> {
  if (!to.endsWith('.ndjson.gz')) throw new Misuse(`${to}: name the copy X.ndjson.gz`);
  if (existsSync(to)) throw new Misuse(`${to} exists already: name another file`);
  if (!existsSync(from)) throw new Misuse(`${from}: no such file`);
  const snapshot = readSnapshot(from);
  if (typeof snapshot === 'string') throw new Failed(snapshot);
  const count = await copy(from, to);
  if (snapshot !== null) writeSnapshot(to, snapshot);
  process.stderr.write(
    `oslotap: ${to}: ${count.toLocaleString('en-US')} events${snapshot === null ? '' : ', and its connections snapshot'}\n`,
  );
}

async function copy(from: string, to: string): Promise<number> {
  let [count, broken] = [0, 0];
  const listener = {
    broken: () => {
      broken++;
    },
    truncated: (reason: string) => process.stderr.write(`oslotap: ${from}: ${reason}\n`),
    progress: () => {},
  };
  try {
    const writer = new CaptureWriter(to);
    for await (const tapped of readCapture(from, listener)) {
      count++;
      await writer.write(redactMessage(tapped));
    }
    await writer.close();
  } catch (error) {
    throw new Failed(`${from}: ${reasonOf(error)}`);
  }
  if (broken > 0) process.stderr.write(`oslotap: ${from}: ${broken} broken lines left out\n`);
  return count;
}
