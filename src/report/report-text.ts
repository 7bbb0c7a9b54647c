/**
 * Names from the wire, made fit for where they are shown. A process on the bus chooses its methods' and queues' names: in a
 * page, a drawing, a table or a terminal they are text and nothing else.
 */

/** Longer names are cut: nothing that services call is as long. */
const CHARS_MAX = 200;
/** Controls (ANSI among them), halves of characters, and what turns the direction of the text that follows. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** On one line, of at most `charsMax` characters, without what a terminal or a browser acts upon. */
export function printable(text: string, charsMax = CHARS_MAX): string {
  // Cut first: a hostile name may be megabytes long.
  const shown = text.slice(0, 2 * charsMax + 2).replace(UNPRINTABLE, '\ufffd');
  const chars = [...shown];
  return chars.length <= charsMax ? shown : `${chars.slice(0, charsMax - 1).join('')}…`;
}

/** For the text and the quoted attributes of HTML and SVG. */
export function escapeXml(text: string, charsMax = CHARS_MAX): string {
  return printable(text, charsMax).replace(/[&<>"'`]/g, (char) => `&#${char.codePointAt(0)};`);
}

/** For a cell of a Markdown table: no markup, no HTML, no end of the cell. */
export function markdownText(text: string): string {
  return printable(text)
    .replace(/[\\`*_~[\]|]/g, '\\$&')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}

/** A code span for a cell of a Markdown table. Its fence is longer than any run of backticks in it. */
export function markdownCode(text: string, charsMax = CHARS_MAX): string {
  // Without a character there is no code span.
  const shown = printable(text, charsMax) || ' ';
  const longest = Math.max(0, ...[...shown.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  const pad = longest > 0 ? ' ' : '';
  return `${fence}${pad}${shown.replaceAll('|', '\\|')}${pad}${fence}`;
}

/** For a quoted label of Mermaid, which reads Markdown, HTML and entities of its own (`#35;`) in it. */
export function mermaidText(text: string): string {
  return printable(text).replace(/["#<>&`;\\{}[\]()|*]/g, (char) => `#${char.codePointAt(0)};`);
}
