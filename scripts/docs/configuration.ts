/** The annotated example and the reference, both made from the schema: `node scripts/generate-docs.ts` writes them. */
import { yamlOf } from '../../src/settings/effective.ts';
import { isLeaf, type Leaf, leavesOf, type Node } from '../../src/settings/leaf.ts';
import { TREE } from '../../src/settings/schema.ts';
import { enumerate } from '../../src/settings/values.ts';

/** Every key, with what it means; commented out, so that the file as it is changes nothing. */
export function exampleYaml(): string {
  return `${HEAD}\n${TREE.map((node) => exampleOf(node, '')).join('\n')}`;
}

const HEAD = `# oslotap's configuration: oslotap run --config FILE. What is commented out has its default.
# Check it without connecting to anything: oslotap run --check-config --config FILE
# Each value is also a variable of the environment, which goes before this file, and most are a flag, which goes before both.
`;

function exampleOf(node: Node, indent: string): string {
  if (isLeaf(node)) return exampleOfLeaf(node, indent);
  return `${indent}# ${node.about}\n${indent}${node.key}:\n${node.children.map((child) => exampleOf(child, `${indent}  `)).join('')}`;
}

function exampleOfLeaf(leaf: Leaf, indent: string): string {
  const names = [leaf.option, leaf.variable].filter((name) => name !== null).join(', ');
  const facts = [...typeOf(leaf), defaultOf(leaf), names].filter((fact) => fact !== '').join('; ');
  const value = leaf.example ?? (leaf.byDefault === undefined ? '…' : yamlOf(leaf.byDefault));
  return `${indent}# ${leaf.description}\n${indent}# ${facts}\n${indent}#${leaf.key}: ${value}\n`;
}

/** Choices that the description does not name, and the unit. */
function typeOf({ choices, description, unit }: Leaf): string[] {
  const unnamed = choices.filter((choice) => !description.includes(choice));
  return [...(unnamed.length > 0 ? [enumerate(choices)] : []), ...(unit === undefined ? [] : [unit])];
}

function defaultOf({ otherwise, byDefault }: Leaf): string {
  if (otherwise !== undefined) return `default: ${otherwise}`;
  return byDefault === undefined ? '' : `default: ${yamlOf(byDefault)}`;
}

/** docs/configuration.md. */
export function configurationPage(): string {
  return `${INTRODUCTION}\n${TREE.map(tableOf).join('')}`;
}

function tableOf(node: Node): string {
  if (isLeaf(node)) return node === firstTop ? `## At the top level\n\n${rowsOf(TREE.filter(isLeaf))}\n` : '';
  return `## ${node.key}\n\n${sentence(node.about)}\n\n${rowsOf(leavesOf(node.children))}\n`;
}

const firstTop = TREE.find(isLeaf);

function rowsOf(leaves: readonly Leaf[]): string {
  const rows = leaves.map((leaf) => {
    const { path, option, variable, description, unit, otherwise, byDefault } = leaf;
    const fallback = otherwise ?? (byDefault === undefined ? '' : `\`${yamlOf(byDefault)}\``);
    const cells = [`\`${path}\``, option === null ? '' : `\`${option}\``, `\`${variable}\``, fallback, unit ?? '', description];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
  });
  return `| key | flag | environment | default | unit | |\n|---|---|---|---|---|---|\n${rows.join('')}`;
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}

const INTRODUCTION = `# Configuration

<!-- Made from src/settings by scripts/generate-docs.ts: change it there. -->

Every setting is a key in a YAML file and a variable \`OSLOTAP_…\` of the environment, and all but secrets are a flag. They are checked by
one schema, and each of them everywhere by the same rules.

\`\`\`
oslotap run --config /etc/oslotap.yaml                    or OSLOTAP_CONFIG=/etc/oslotap.yaml
oslotap run --check-config --config /etc/oslotap.yaml     what would be in force, and where each value comes from; connects to nothing
oslotap tap disarm --config /etc/oslotap.yaml             the same file, for ExecStopPost
\`\`\`

[oslotap.example.yaml](oslotap.example.yaml) has every key with what it means.

**What goes before what.** A flag, then the environment, then the file, then the default. A list is replaced as a whole. A variable that is
empty is as if it were not there. What is overridden is checked all the same.

**How values are written.** In the file as YAML: numbers, \`true\` and \`false\`, lists. In the environment and on the command line as text:
lists by commas (on the command line also by blanks, or the flag again), yes and no as \`1\`, \`true\`, \`yes\`, \`on\` or \`0\`, \`false\`, \`no\`, \`off\`. A flag without a value
is undone by \`--no-…\` (\`--no-arm\`). Times that are a text have their unit (\`60s\`, \`10m\`, \`2h\`); times that are a number have the unit below.
Relative paths are taken from the working directory, also those in the file.

**Mistakes** are one line each, name the place, and end the command with exit code 2 before anything is connected to:

\`\`\`
oslotap: oslotap.yaml:12: tap.queueLenght: unknown key; did you mean queueLength?
oslotap: OSLOTAP_QUEUE_LENGTH: it is a whole number from 1
\`\`\`

\`run\` names the first and how many more there are, \`run --check-config\` names all. \`record\`, \`replay\` and \`tap\` take \`--config\` too: they check
the whole file and pass over what they do not need. Variables that begin with \`OSLOTAP_\` and are no setting are warned about, not refused.

**--check-config** also reads what the settings name (certificates, operations, passwords) and checks which of them go together. It opens no
store, no connection and no port, and writes nothing. What it prints is a configuration itself; \`--json\` gives
\`{"tap.tier":{"value":"full","origin":"default"}}\`. Secrets are \`***\`, also inside URLs.

**Secrets.** Best is a file of its own, which only oslotap can read, with the password and nothing else (a newline at its end does not
count): \`amqp.passwordFile\`, \`api.passwordFile\`, \`source.amqp.passwordFile\`, \`source.api.passwordFile\`, \`query.passwordFile\`, \`query.tokenFile\`, \`clickhouse.passwordFile\`, \`storms.webhook.tokenFile\`. With
systemd: \`LoadCredential=amqp:/etc/oslotap/amqp-password\` and \`OSLOTAP_AMQP_PASSWORD_FILE=%d/amqp\`. The user stands in the URL or in \`user\`. A
password may also stand in the environment (\`OSLOTAP_AMQP_PASSWORD\`), in the URL, or in the YAML file as \`password\`; a file that holds one and that every user
of the machine can read is warned about, and so is a password on a command line. Given twice, it is refused. Passwords in URLs are percent-encoded, others are not.
`;
