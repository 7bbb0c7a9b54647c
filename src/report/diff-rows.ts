/** What changed in one operation as tables of words, a list for each kind of change: text and Markdown print the same. */
import type { OperationDiff } from './diff.ts';
import {
  argumentWords,
  CHANGE_WORDS,
  changeWords,
  evidenceWords,
  figureWords,
  pathWords,
  probability,
  routesWords,
  rpcWords,
  versionWords,
} from './diff-words.ts';
import { duration } from './format.ts';
import { printable } from './report-text.ts';

export interface ChangeTable {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Columns of numbers. */
  readonly right: ReadonlySet<number>;
}

/** Those that have rows. */
export function changeTables(diff: OperationDiff): ChangeTable[] {
  return [
    countTable(diff),
    rpcTable(diff),
    notificationTable(diff),
    httpTable(diff),
    versionTable(diff),
    routeTable(diff),
    argumentTable(diff),
    latencyTable(diff),
  ].filter(({ rows }) => rows.length > 0);
}

const FIGURES = ['A', 'B', 'change', ''];

function countTable({ counts }: OperationDiff): ChangeTable {
  const rows = counts.map(({ count, a, b, evidence }) => [
    count.replace('_', ' '),
    figureWords(a),
    figureWords(b),
    changeWords(a, b),
    evidenceWords(evidence),
  ]);
  return { title: 'Counts a request', head: ['count', ...FIGURES], rows, right: new Set([1, 2, 3]) };
}

function rpcTable({ rpcs }: OperationDiff): ChangeTable {
  const rows = rpcs.map(({ change, rpc, a, b, evidence }) => [
    CHANGE_WORDS[change],
    rpcWords(rpc),
    pathWords(rpc),
    figureWords(a),
    figureWords(b),
    changeWords(a, b),
    evidenceWords(evidence),
  ]);
  return { title: 'RPCs', head: ['', 'rpc', 'from → to', ...FIGURES], rows, right: new Set([3, 4, 5]) };
}

function notificationTable({ notifications }: OperationDiff): ChangeTable {
  const rows = notifications.map(({ change, event_type, topic, from, a, b, evidence }) => [
    CHANGE_WORDS[change],
    `${printable(event_type)} at ${printable(topic)}`,
    printable(from === '' ? '?' : from),
    figureWords(a),
    figureWords(b),
    changeWords(a, b),
    evidenceWords(evidence),
  ]);
  return { title: 'Notifications', head: ['', 'event type', 'from', ...FIGURES], rows, right: new Set([3, 4, 5]) };
}

function httpTable({ http }: OperationDiff): ChangeTable {
  const rows = http.map(({ change, service, request, a, b, evidence }) => [
    CHANGE_WORDS[change],
    printable(request),
    printable(service === '' ? '?' : service),
    figureWords(a),
    figureWords(b),
    changeWords(a, b),
    evidenceWords(evidence),
  ]);
  return {
    title: 'HTTP requests, where they are audited',
    head: ['', 'request', 'served by', ...FIGURES],
    rows,
    right: new Set([3, 4, 5]),
  };
}

function versionTable({ versions }: OperationDiff): ChangeTable {
  const rows = versions.map(({ rpc, a, b }) => [rpcWords(rpc), versionWords(a), versionWords(b)]);
  return { title: 'Message versions', head: ['rpc', 'A', 'B'], rows, right: new Set() };
}

function routeTable({ routes }: OperationDiff): ChangeTable {
  const rows = routes.map(({ rpc, a, b }) => [rpcWords(rpc), routesWords(a), routesWords(b)]);
  return { title: 'From whom to whom', head: ['rpc', 'A', 'B'], rows, right: new Set() };
}

function argumentTable({ arguments: shapes }: OperationDiff): ChangeTable {
  const rows = shapes.map((shape) => [rpcWords(shape.rpc), argumentWords(shape)]);
  return { title: 'Arguments', head: ['rpc', 'argument'], rows, right: new Set() };
}

function latencyTable({ latencies }: OperationDiff): ChangeTable {
  const rows = latencies.map(({ rpc, a_ms, b_ms, ratio, superiority, p_adjusted }) => [
    rpc === null ? 'the request' : rpcWords(rpc),
    duration(a_ms),
    duration(b_ms),
    ratio === null ? '' : `×${ratio.toFixed(2)}`,
    `${Math.round(100 * superiority)} %`,
    probability(p_adjusted),
  ]);
  const head = ['what', 'A (median)', 'B (median)', 'times', 'B takes longer', 'p'];
  return { title: 'Time', head, rows, right: new Set([1, 2, 3, 4, 5]) };
}
