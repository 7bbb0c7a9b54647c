/** The command line: which command, which exit code. Data goes to stdout, everything else to stderr. */
import { Command, CommanderError } from 'commander';
import { EXIT, Failed, Misuse, reasonOf } from '../errors.ts';
import { version } from './version.ts';

/** Runs one command. @returns the exit code: 0 done, 1 failed or not found, 2 wrong usage or set-up. */
export async function main(args: readonly string[]): Promise<number> {
  endOnClosedOutput();
  try {
    const root = await program(args[0]);
    await root.parseAsync(args, { from: 'user' });
    return EXIT.done;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    process.stderr.write(`oslotap: ${reasonOf(error)}\n`);
    if (error instanceof Failed || error instanceof Misuse) return error.exitCode;
    if (process.env.OSLOTAP_DEBUG) console.error(error);
    return EXIT.failed;
  }
}

/** What a command needs is loaded for that command only: most of them start in a third of the time that all would take. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  run: async () => (await import('./run.ts')).runCommand(),
  record: async () => (await import('./record.ts')).recordCommand(),
  replay: async () => (await import('./replay.ts')).replayCommand(),
  requests: async () => (await import('./requests.ts')).requestsCommand(),
  show: async () => (await import('./show.ts')).showCommand(),
  explain: async () => (await import('./explain.ts')).explainCommand(),
  messages: async () => (await import('./messages.ts')).messagesCommand(),
  storms: async () => (await import('./storms.ts')).stormsCommand(),
  fingerprint: async () => (await import('./fingerprint.ts')).fingerprintCommand(),
  diff: async () => (await import('./diff.ts')).diffCommand(),
  report: async () => (await import('./report.ts')).reportCommand(),
  catalog: async () => (await import('./catalog.ts')).catalogCommand(),
  migrate: async () => (await import('./migrate.ts')).migrateCommand(),
  redact: async () => (await import('./redact.ts')).redactCommand(),
  tap: async () => (await import('./tap.ts')).tapCommand(),
};

/** @param name of the only command that is asked for; any other: all of them, for the help and for suggestions. */
async function program(name = ''): Promise<Command> {
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
  oslotap storms                      when services flooded the bus, and who
  oslotap report                      every operation, counted
  oslotap catalog                     every method: who calls it, who serves it, its arguments
  oslotap diff before.json 24h..      what changed since a fingerprint was taken

STORE is chdb:DIRECTORY (embedded ClickHouse), http[s]://USER@HOST:8123/DATABASE (a server) or none; also OSLOTAP_STORE in the environment.
Exit codes: 0 done, 1 failed or not found, 2 wrong usage or set-up.`,
    );
  const wanted = Object.hasOwn(COMMANDS, name) ? [name] : Object.keys(COMMANDS);
  const commands = await Promise.all(wanted.map((each) => COMMANDS[each]?.() ?? new Command(each)));
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
