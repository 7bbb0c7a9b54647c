/** Tables of Markdown. */

/** A page of a wiki bears no more; the JSON has all. */
const ROWS_MAX = 400;

/** @param cells that are Markdown already. */
export function tableLines(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const more = rows.length - ROWS_MAX;
  return [
    line(head),
    line(head.map(() => '---')),
    ...rows.slice(0, ROWS_MAX).map(line),
    ...(more > 0 ? ['', `${more} more rows are in the report as JSON.`] : []),
  ];
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}
