import { expect, test } from 'vitest';
import { renderHtml } from '../../../src/report/html.ts';
import { renderMarkdown } from '../../../src/report/markdown.ts';
import { escapeXml, markdownCode, markdownText, mermaidText, printable } from '../../../src/report/report-text.ts';
import { HOSTILE_NAMES, reportOf } from '../../support/reports.ts';

const hostile = reportOf({
  operations: HOSTILE_NAMES.length,
  rows: HOSTILE_NAMES.length,
  services: 12,
  name: (_, index) => HOSTILE_NAMES[index % HOSTILE_NAMES.length] ?? '',
});

test('a name is one line of text that no terminal acts upon, and is cut', () => {
  expect(printable('\u001b[31mred\nline')).toBe('\ufffd[31mred\ufffdline');
  expect(printable('a\u202eb\ud800')).toBe('a\ufffdb\ufffd');
  expect(printable('x'.repeat(10_000))).toBe(`${'x'.repeat(199)}…`);
  expect(printable('🙂🙂🙂🙂', 3)).toBe('🙂🙂…');
});

test('what markup means something by is written so that it means itself', () => {
  expect(escapeXml(`<a b="c" d='e'>&\``)).toBe('&#60;a b=&#34;c&#34; d=&#39;e&#39;&#62;&#38;&#96;');
  expect(markdownText('a|b*_`[<c>]')).toBe('a\\|b\\*\\_\\`\\[&lt;c&gt;\\]');
  expect(markdownCode('a`b``c|d')).toBe('``` a`b``c\\|d ```');
  expect(markdownCode('Instance.save')).toBe('`Instance.save`');
  expect(markdownCode('')).toBe('` `');
  expect(mermaidText('"]; <b>#35;')).toBe('#34;#93;#59; #60;b#62;#35;35#59;');
});

test('hostile names make no element, no attribute and no control of the page', () => {
  const html = renderHtml(hostile);
  const tags = new Set([...html.matchAll(/<([a-zA-Z][\w-]*)/g)].map(([, tag]) => tag));
  expect([...tags].filter((tag) => ['img', 'iframe', 'object', 'b', 'x'].includes(tag ?? ''))).toEqual([]);
  expect(html.match(/<script/g)).toHaveLength(1);
  expect(html.match(/<style/g)).toHaveLength(1);
  const tagged = html.replace(/<script>[\s\S]*<\/script>/, '').replace(/"[^"]*"/g, '""');
  expect(tagged.match(/<[^>]*\son\w+=[^>]*>/g)).toBeNull();
  expect(html).not.toMatch(/[^\P{Cc}\n]/u);
  expect(html).not.toContain('x'.repeat(2_001));
});

test('hostile names make no line, no cell and no block of the Markdown', () => {
  const lines = renderMarkdown(hostile).split('\n');
  const cells = (line: string) => line.replace(/\\\\|\\\|/g, '').split('|').length;
  let columns = 0;
  for (const [at, line] of lines.entries()) {
    if (!line.startsWith('| ')) continue;
    if (lines[at + 1]?.startsWith('| ---')) columns = cells(line);
    expect(cells(line), line).toBe(columns);
  }
  expect(lines.filter((line) => line.startsWith('# '))).toEqual(['# RPC report']);
  expect(lines.filter((line) => line === '```mermaid')).toHaveLength(hostile.operations.length);
  expect(lines.filter((line) => line.startsWith('```'))).toHaveLength(2 * hostile.operations.length);
  expect(lines.join('')).not.toMatch(/\p{Cc}/u);
});

test('a hostile name is nothing but a quoted label of the Mermaid graph', () => {
  const blocks = renderMarkdown(hostile).match(/```mermaid\n[\s\S]*?\n```/g) ?? [];
  const lines = blocks.flatMap((block) => block.split('\n').slice(2, -1));
  const form =
    /^ {4}(s\d+\["[^"<>{}[\]|`;\\]*(?:#\d+;[^"<>{}[\]|`;\\]*)*"\]|s\d+ -->\|"(?:[^"<>{}[\]|`;\\]|#\d+;|<br>)*"\| s\d+)$/;
  expect(lines.filter((line) => !form.test(line))).toEqual([]);
  expect(lines.length).toBeGreaterThan(50);
});

test('of hundreds of services that ask each other the busiest are drawn, and the rest is counted', () => {
  const crowd = reportOf({ operations: 1, rows: 1, services: 400, name: (what, index) => `${what}-${index}` });
  const [, drawn = ''] = /<title id="graph-1-t">([\s\S]*?)<\/svg>/.exec(renderHtml(crowd)) ?? [];
  const boxes = drawn.match(/class="box"/g)?.length ?? 0;
  const links = drawn.match(/class="link /g)?.length ?? 0;
  expect(boxes).toBeGreaterThan(10);
  expect(boxes).toBeLessThanOrEqual(20);
  expect(renderHtml(crowd)).toContain(`; ${400 - links} more pairs of services are in the table.`);
  expect(renderMarkdown(crowd)).toContain(`; ${400 - links} more pairs of services are in the table.`);
});

test('a page with as much as a page holds is smaller than 5 MB', () => {
  const page = renderHtml(
    reportOf({ operations: 150, rows: 100, services: 15, name: (what, index) => `${what}-of-nova-${index}` }),
  );
  expect(page.length).toBeLessThan(5_000_000);
  expect(page.length).toBeGreaterThan(3_000_000);
});
