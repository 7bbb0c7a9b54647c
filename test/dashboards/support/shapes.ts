/** What each visualisation of Grafana needs of its frames. Each check gives what is wrong, a line each: nothing where all is well. */
import type { Panel, Target } from './dashboards.ts';
import { columnsOf, type FieldType, fieldTypeOf, recordsOf, valuesOf } from './frames.ts';
import { nodeGraphProblems } from './node-graph.ts';
import type { Frame } from './store.ts';
import { traceProblems } from './trace-view.ts';

export function problemsOf(panel: Panel, targets: readonly Target[], frames: readonly Frame[]): string[] {
  const check = CHECKS[panel.type];
  if (check === undefined) return [`a ${panel.type} panel: nothing here says what that needs`];
  const plain = frames.flatMap((frame) => plainProblems(frame));
  const formats = targets.flatMap((target) => formatProblems(panel, target));
  return [...formats, ...plain, ...check(frames)];
}

/**
 * For annotations: a time, and a text. Grafana (AnnotationEventFieldSource) takes columns by these names alone, splits tags at commas, and
 * shows titles and texts as HTML.
 */
export function annotationProblems(frame: Frame): string[] {
  const missing = ['time', 'text'].filter((name) => !frame.columns.some((column) => column.name === name));
  const columns = frame.columns.flatMap((column) => {
    const wanted = ANNOTATION_COLUMNS[column.name];
    if (wanted === undefined) return [`annotations take no notice of ${column.name}`];
    return fieldTypeOf(column) === wanted ? [] : [`${column.name} is a ${column.type}`];
  });
  const texts = ['title', 'text'].flatMap((name) => valuesOf(frame, name).map(String));
  const html = texts.filter((text) => /[<>]/.test(text)).map((text) => `it is HTML: ${text}`);
  return [...plainProblems(frame), ...missing.map((name) => `no column ${name}`), ...columns, ...html];
}

const ANNOTATION_COLUMNS: Readonly<Record<string, FieldType>> = {
  time: 'time',
  timeEnd: 'time',
  title: 'string',
  text: 'string',
  tags: 'string',
};

type Check = (frames: readonly Frame[]) => string[];

const CHECKS: Readonly<Record<string, Check>> = {
  timeseries: each(timeSeriesProblems),
  'state-timeline': each(timeSeriesProblems),
  stat: each(oneValueProblems),
  gauge: each(oneValueProblems),
  bargauge: each(oneValueProblems),
  piechart: each(oneValueProblems),
  table: each((frame) => (frame.columns.length === 0 ? ['no columns'] : [])),
  barchart: each(barChartProblems),
  histogram: each((frame) => (columnsOf(frame, 'number').length === 0 ? ['no numbers'] : [])),
  heatmap: each(heatmapProblems),
  nodeGraph: nodeGraphProblems,
  traces: ([frame]) => (frame === undefined ? ['no frame'] : traceProblems(frame)),
};

/** Of sqlds: 0 time series, 1 table, 3 trace. */
const FORMATS: Readonly<Record<string, readonly number[]>> = {
  timeseries: [0],
  'state-timeline': [0, 1],
  heatmap: [0, 1],
  traces: [3],
  nodeGraph: [1],
  table: [1],
  barchart: [1],
  histogram: [1],
};

function formatProblems(panel: Panel, { refId, format, editorType }: Target): string[] {
  const allowed = FORMATS[panel.type] ?? [0, 1];
  const wrongFormat = allowed.includes(format ?? 0) ? [] : [`${refId}: format ${format}, not ${allowed.join(' or ')}`];
  return editorType === 'sql' ? wrongFormat : [...wrongFormat, `${refId}: editorType ${editorType}, not sql`];
}

function each(check: (frame: Frame) => string[]): Check {
  return (frames) => frames.flatMap((frame) => check(frame).map((problem) => `${frame.refId}: ${problem}`));
}

/** Of every frame: no type that is left to chance, no column twice, no number that is none. */
function plainProblems(frame: Frame): string[] {
  const names = frame.columns.map(({ name }) => name);
  const twice = names.filter((name, place) => names.indexOf(name) !== place).map((name) => `column ${name} twice`);
  const unknown = frame.columns.filter((column) => fieldTypeOf(column) === null).map(({ name, type }) => `${name} is a ${type}`);
  const numbers = columnsOf(frame, 'number').flatMap(({ name }) => {
    const bad = valuesOf(frame, name).find((value) => value !== null && !Number.isFinite(value));
    return bad === undefined ? [] : [`${name} has ${bad}`];
  });
  return [...twice, ...unknown, ...numbers].map((problem) => `${frame.refId}: ${problem}`);
}

/** One time, numbers, texts as labels: ascending, and each time once for each set of labels, or the plugin says no or drops some. */
function timeSeriesProblems(frame: Frame): string[] {
  const times = columnsOf(frame, 'time');
  const [time] = times;
  if (time === undefined || times.length > 1) return [`${times.length} columns of time`];
  const labels = [...columnsOf(frame, 'string'), ...columnsOf(frame, 'boolean')].map(({ name }) => name);
  const problems = columnsOf(frame, 'number').length === 0 ? ['no numbers'] : [];
  if (columnsOf(frame, 'json').length > 0) problems.push('a column that is neither a time, a number nor a label');
  const moments = valuesOf(frame, time.name);
  if (moments.includes(null)) problems.push('a time that is null');
  const sorted = moments.every((moment, place) => place === 0 || String(moment) >= String(moments[place - 1]));
  if (!sorted) problems.push('times do not ascend');
  const keys = recordsOf(frame).map((row) => JSON.stringify([time.name, ...labels].map((name) => row[name])));
  if (new Set(keys).size < keys.length) problems.push('a time twice for the same labels');
  return problems;
}

/** A stat shows numbers, or with `fields` texts; of several rows the panel's reduction takes one. */
function oneValueProblems(frame: Frame): string[] {
  return frame.columns.every((column) => ['time', 'json'].includes(fieldTypeOf(column) ?? 'json')) ? ['no value'] : [];
}

/** A text or a time along one axis, numbers along the other. */
function barChartProblems(frame: Frame): string[] {
  const axes = columnsOf(frame, 'string').length + columnsOf(frame, 'time').length;
  return [
    ...(axes === 0 ? ['nothing to put along the axis'] : []),
    ...(columnsOf(frame, 'number').length === 0 ? ['no numbers'] : []),
  ];
}

/** Cells made elsewhere: a time and a number for each bucket. Made by the panel: a time series. */
function heatmapProblems(frame: Frame): string[] {
  return timeSeriesProblems(frame);
}
