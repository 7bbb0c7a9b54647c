/** The report as one page of HTML: it holds all that it needs, and asks nobody for anything. */
import { createHash } from 'node:crypto';
import { clock, percent } from './format.ts';
import { backgroundTables, failureTable, fanoutTable, gapTable, queueTables } from './html-cloud.ts';
import { operationSection, operationsTable } from './html-operations.ts';
import { PAGE_SCRIPT } from './html-script.ts';
import { PAGE_CSS } from './html-style.ts';
import type { OperationReport, Report } from './report-shape.ts';
import { escapeXml } from './report-text.ts';
import { METHOD, measured, NOT_SEEN, SOURCE } from './report-words.ts';
import { DRAWING_CSS, PALETTE_CSS } from './svg-style.ts';

const STYLE = `${PALETTE_CSS}${PAGE_CSS}${DRAWING_CSS}`;
/** Nothing but the style and the script that stand in the page, told by their hashes: what a name smuggled in would do nothing. */
const POLICY = [
  "default-src 'none'",
  `style-src '${sha256(STYLE)}'`,
  `script-src '${sha256(PAGE_SCRIPT)}'`,
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** Operations that have a part of their own: the most frequent. */
const OPERATIONS_MAX = 100;

export function renderHtml(report: Report): string {
  const shown = report.operations.slice(0, OPERATIONS_MAX);
  const more = report.operations.length - shown.length;
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${POLICY}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="referrer" content="no-referrer">',
    '<title>RPC report</title>',
    `<style>${STYLE}</style>`,
    '</head>',
    '<body>',
    '<a class="skip" href="#operations">Skip to the operations</a>',
    ...header(report),
    '<main>',
    ...section('operations', 'Operations', [
      operationsTable(report, OPERATIONS_MAX),
      '<p class="tools" hidden><button type="button" data-open="true">Open all</button><button type="button" data-open="false">Close all</button></p>',
      ...shown.map((operation, index) => operationSection(operation, index, operation === dearest(shown))),
      ...(more > 0 ? [`<p class="none">${more} more operations are in the report as JSON.</p>`] : []),
    ]),
    ...section('background', 'Background', [backgroundTables(report)]),
    ...section('queues', 'Queues, and what is in them', [queueTables(report)]),
    ...section('fanouts', 'Fanouts', [fanoutTable(report)]),
    ...section('failures', 'Failures', [failureTable(report)]),
    ...section('measured', 'How this was measured', [
      list(measured(report)),
      gapTable(report),
      '<h3>How to read the figures</h3>',
      list(METHOD),
      '<h3>What is not seen</h3>',
      list(NOT_SEEN),
    ]),
    '</main>',
    `<footer><p>${escapeXml(SOURCE, 400)}</p></footer>`,
    `<script>${PAGE_SCRIPT}</script>`,
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

/** The one that makes most messages: it is open when the page is. */
function dearest(operations: readonly OperationReport[]): OperationReport | undefined {
  return operations.toSorted((a, b) => b.counts.publishes.mean - a.counts.publishes.mean)[0];
}

function header(report: Report): string[] {
  const { window, coverage, operations, is_anonymised } = report;
  const range =
    window.from === null || window.to === null ? 'The store is empty.' : `${clock(window.from)} to ${clock(window.to)}.`;
  const names = is_anonymised ? ' Hosts, addresses and ids are pseudonyms.' : '';
  const requests = operations.reduce((sum, operation) => sum + operation.requests, 0);
  const facts: [string, string][] = [
    ['requests', requests.toLocaleString('en-US')],
    ['operations', operations.length.toLocaleString('en-US')],
    ['messages', window.messages.toLocaleString('en-US')],
    ['hosts', window.hosts.toLocaleString('en-US')],
    ['seconds with traffic', Math.round(window.observed_s).toLocaleString('en-US')],
    ['coverage', percent(coverage)],
  ];
  return [
    '<header>',
    '<h1>RPC report</h1>',
    `<p>What API requests cost an OpenStack control plane, and what runs in the background. ${escapeXml(range)}${names}</p>`,
    `<dl class="facts">${facts.map(([name, value]) => `<div><dt>${name}</dt><dd>${escapeXml(value)}</dd></div>`).join('')}</dl>`,
    '<nav aria-label="Contents"><ul>',
    link('operations', 'Operations'),
    link('background', 'Background'),
    link('queues', 'Queues, and what is in them'),
    link('fanouts', 'Fanouts'),
    link('failures', 'Failures'),
    link('measured', 'How this was measured'),
    '</ul></nav>',
    '</header>',
  ];
}

function link(id: string, text: string): string {
  return `<li><a href="#${id}">${escapeXml(text)}</a></li>`;
}

function section(id: string, title: string, body: readonly string[]): string[] {
  return [`<section id="${id}" aria-labelledby="${id}-h">`, `<h2 id="${id}-h">${title}</h2>`, ...body, '</section>'];
}

function list(lines: readonly string[]): string {
  return `<ul>${lines.map((line) => `<li>${escapeXml(line, 1_000)}</li>`).join('')}</ul>`;
}

function sha256(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
