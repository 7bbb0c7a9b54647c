/** A comparison for people, on a terminal. */
import { isEmpty, type OperationDiff } from './diff.ts';
import { changeTables } from './diff-rows.ts';
import type { Comparison } from './diff-sides.ts';
import { comparedWords, listWords, requestsWords } from './diff-words.ts';
import { table } from './format.ts';
import { printable } from './report-text.ts';

export function renderDiff(comparison: Comparison): string {
  const { a, b, operations, only_in_a, only_in_b } = comparison;
  return [
    `A  ${printable(a)}\nB  ${printable(b)}\n`,
    ...operations.filter((diff) => !isEmpty(diff)).map(renderOperation),
    unchanged(operations),
    notCompared('A', only_in_a),
    notCompared('B', only_in_b),
    renderRegressions(comparison),
  ]
    .filter((part) => part !== '')
    .join('\n');
}

function renderOperation(diff: OperationDiff): string {
  const head = [printable(diff.operation), ...requestsWords(diff).map((line) => `  ${line}`)];
  const tables = changeTables(diff).map(({ title, head, rows, right }) => {
    const text = table([head.map((cell) => cell.toUpperCase()), ...rows], right);
    return `\n  ${title}\n${indented(text)}`;
  });
  const compared = comparedWords(diff).map((line) => `  ${line}`);
  return `${head.join('\n')}\n${tables.join('')}\n${compared.join('\n')}\n`;
}

function indented(text: string): string {
  return text.replace(/^(?=.)/gm, '    ');
}

function unchanged(operations: readonly OperationDiff[]): string {
  const lines = operations
    .filter(isEmpty)
    .map((diff) => `  ${[printable(diff.operation), ...requestsWords(diff), ...comparedWords(diff)].join('\n    ')}\n`);
  return lines.length === 0 ? '' : `No difference:\n${lines.join('')}`;
}

function notCompared(side: string, operations: readonly string[]): string {
  return operations.length === 0 ? '' : `Only in ${side}, not compared: ${listWords(operations, '')}\n`;
}

function renderRegressions({ regressions }: Comparison): string {
  const lines = regressions.map(
    ({ operation, text, threshold, limit }) => `  ${printable(operation)}: ${text}  (${threshold}=${limit})\n`,
  );
  return lines.length === 0 ? 'No regression beyond the thresholds.\n' : `Regressions beyond the thresholds:\n${lines.join('')}`;
}
