/** The command line: which command, which exit code. Data goes to stdout, everything else to stderr. */
import { Command, CommanderError } from 'commander';
import { EXIT, Failed, Misuse, reasonOf } from '../errors.ts';
import { explainCommand } from './explain.ts';
import { messagesCommand } from './messages.ts';
import { migrateCommand } from './migrate.ts';
import { recordCommand } from './record.ts';
import { redactCommand } from './redact.ts';
import { replayCommand } from './replay.ts';
import { reportCommand } from './report.ts';
import { requestsCommand } from './requests.ts';
import { runCommand } from './run.ts';
import { showCommand } from './show.ts';
import { tapCommand } from './tap.ts';
import { version } from './version.ts';

/** Runs one command. @returns the exit code: 0 done, 1 failed or not found, 2 wrong usage or set-up. */
export async function main(args: readonly string[]): Promise<number> {
  endOnClosedOutput();
  try {
    await program().parseAsync(args, { from: 'user' });
    return EXIT.done;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    process.stderr.write(`oslotap: ${reasonOf(error)}\n`);
    if (error instanceof Failed || error instanceof Misuse) return error.exitCode;
    if (process.env.OSLOTAP_DEBUG) console.error(error);
    return EXIT.failed;
  }
}

function program(): Command {
  const root = new Command('oslotap')
    .description('Follows every RPC of an OpenStack cloud through RabbitMQ: what did one API request cost, and whom did it ask?')
    .version(version())
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      `
Start here:
  oslotap tap status                  is the firehose on? (--api, or OSLOTAP_API)
  oslotap run                         follow the broker at OSLOTAP_AMQP, until Ctrl-C
  oslotap replay boot.ndjson.gz       or read a capture, both into ./oslotap-data
  oslotap requests                    the API requests in it, newest first
  oslotap show req-707e4331-…         one request: its call tree, what its time went on, and its bill
  oslotap explain req-707e4331-…      why each message is in it
  oslotap report                      every operation, counted

STORE is chdb:DIRECTORY (embedded ClickHouse) or none; also OSLOTAP_STORE in the environment.
Exit codes: 0 done, 1 failed or not found, 2 wrong usage or set-up.`,
    );
  const commands = [
    runCommand(),
    recordCommand(),
    replayCommand(),
    requestsCommand(),
    showCommand(),
    explainCommand(),
    messagesCommand(),
    reportCommand(),
    migrateCommand(),
    redactCommand(),
    tapCommand(),
  ];
  for (const command of commands) root.addCommand(command);
  for (const command of [root, ...commands]) {
    command.exitOverride().configureOutput({
      writeErr: (text) => process.stderr.write(text),
      outputError: (text, write) => write(`oslotap: ${text.replace(/^error: /, '').replace(/\n(?=.)/g, ' ')}`),
    });
  }
  return root;
}

/** `oslotap messages --json | head`: the reader has enough. A full disk is another matter. */
function endOnClosedOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT.done);
    process.stderr.write(`oslotap: the output cannot be written: ${error.code ?? reasonOf(error)}\n`);
    process.exit(EXIT.failed);
  });
}
