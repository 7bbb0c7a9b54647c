/** A comparison as Markdown: for a merge request, a wiki, a mailing list. */
import { isEmpty, type OperationDiff } from './diff.ts';
import { changeTables } from './diff-rows.ts';
import type { Comparison } from './diff-sides.ts';
import { comparedWords, requestsWords } from './diff-words.ts';
import { markdownText } from './report-text.ts';

export function renderDiffMarkdown(comparison: Comparison): string {
  const { a, b, operations, only_in_a, only_in_b } = comparison;
  return [
    '# What changed',
    '',
    `A is ${markdownText(a)}, B is ${markdownText(b)}. Figures are those of one request: the mean, and from the least to the most where requests differ.`,
    '',
    ...operations.filter((diff) => !isEmpty(diff)).flatMap(operationLines),
    ...unchanged(operations),
    ...notCompared('A', only_in_a),
    ...notCompared('B', only_in_b),
    ...regressionLines(comparison),
    '',
  ].join('\n');
}

function operationLines(diff: OperationDiff): string[] {
  const head = [`## ${markdownText(diff.operation)}`, '', ...requestsWords(diff).map((text) => markdownText(text)), ''];
  const tables = changeTables(diff).flatMap(({ title, head: cells, rows, right }) => [
    `**${title}**`,
    '',
    line(cells),
    line(cells.map((_, column) => (right.has(column) ? '---:' : '---'))),
    ...rows.map((row) => line(row.map((text) => markdownText(text)))),
    '',
  ]);
  return [...head, ...tables, ...comparedWords(diff).map((text) => markdownText(text)), ''];
}

function unchanged(operations: readonly OperationDiff[]): string[] {
  const lines = operations
    .filter(isEmpty)
    .map((diff) => `- ${[diff.operation, ...requestsWords(diff)].map((text) => markdownText(text)).join(': ')}`);
  return lines.length === 0 ? [] : ['## No difference', '', ...lines, ''];
}

function notCompared(side: string, operations: readonly string[]): string[] {
  return operations.length === 0
    ? []
    : [`Only in ${side}, not compared: ${operations.map((text) => markdownText(text)).join(', ')}.`, ''];
}

function regressionLines({ regressions }: Comparison): string[] {
  if (regressions.length === 0) return ['No regression beyond the thresholds.'];
  const lines = regressions.map(
    ({ operation, text, threshold, limit }) => `- ${markdownText(operation)}: ${markdownText(text)} (${threshold}=${limit})`,
  );
  return ['## Regressions', '', ...lines];
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}
