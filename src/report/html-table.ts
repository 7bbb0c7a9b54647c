/** Tables of the report's page: captioned, sortable, every figure with its exact value beside what people read. */
import type { Figure } from './report-figures.ts';
import { escapeXml } from './report-text.ts';

/** Text of others, code (names of methods and queues), a link to a part of the page, a figure, or nothing. */
export type Cell = string | Code | { readonly text: string; readonly id: string } | Figure | null;

interface Code {
  readonly code: string;
  /** The rest is cut. @default 200 */
  readonly charsMax?: number;
}

export interface Table {
  readonly caption: string;
  /** Says to scripts and tests what its rows are. */
  readonly name: string;
  readonly columns: readonly string[];
  /** The first cell of each is its heading. */
  readonly rows: readonly (readonly Cell[])[];
  /** Shown in its place where it has no rows. */
  readonly empty: string;
}

/** A page is for reading; the JSON has all. */
const ROWS_MAX = 400;

export function htmlTable({ caption, name, columns, rows, empty }: Table): string {
  if (rows.length === 0) return `<p class="none">${escapeXml(empty)}</p>`;
  const more = rows.length - ROWS_MAX;
  const isNumber = columns.map((_, at) => rows.some((row) => isFigure(row[at] ?? null)));
  const head = columns.map((column, at) => `<th scope="col"${isNumber[at] ? ' class="n"' : ''}>${escapeXml(column)}</th>`);
  return [
    `<div class="wide"><table data-name="${escapeXml(name)}"><caption>${escapeXml(caption)}</caption>`,
    `<thead><tr>${head.join('')}</tr></thead><tbody>`,
    ...rows.slice(0, ROWS_MAX).map(htmlRow),
    '</tbody></table></div>',
    ...(more > 0 ? [`<p class="none">${more} more rows are in the report as JSON.</p>`] : []),
  ].join('\n');
}

function htmlRow(cells: readonly Cell[]): string {
  const [first, ...rest] = cells;
  return `<tr><th scope="row"${attributeOf(first ?? null)}>${contentOf(first ?? null)}</th>${rest.map((cell) => `<td${attributeOf(cell)}>${contentOf(cell)}</td>`).join('')}</tr>`;
}

function attributeOf(cell: Cell): string {
  return isFigure(cell) ? ` data-v="${cell.value}"` : '';
}

function contentOf(cell: Cell): string {
  if (cell === null) return '';
  if (typeof cell === 'string') return escapeXml(cell);
  if ('code' in cell) return `<code>${escapeXml(cell.code, cell.charsMax)}</code>`;
  return 'id' in cell ? `<a href="#${escapeXml(cell.id)}">${escapeXml(cell.text)}</a>` : escapeXml(cell.text);
}

function isFigure(cell: Cell): cell is Figure {
  return cell !== null && typeof cell !== 'string' && 'value' in cell;
}
