/** The checks themselves: what they expand is what Grafana and its data source do, and they find what is wrong. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Grafana's variables are written so
import { describe, expect, test } from 'vitest';
import type { Panel, Target } from './support/dashboards.ts';
import { expandMacros } from './support/macros.ts';
import { annotationProblems, problemsOf } from './support/shapes.ts';
import type { Frame } from './support/store.ts';
import { rootsOf } from './support/trace-view.ts';
import { builtIns, conditionalAll, interpolate } from './support/variables.ts';

const RANGE = { fromMs: 1_415_792_726_123, toMs: 1_447_328_726_456, intervalMs: 20_000 };

describe('macros of the data source', () => {
  test.each([
    [
      '$__timeFilter(cast(t AS DateTime) )',
      'cast(t AS DateTime) >= toDateTime(1415792726) AND cast(t AS DateTime) <= toDateTime(1447328726)',
    ],
    [
      'WHERE $__timeFilter_ms(t) LIMIT 1',
      'WHERE t >= fromUnixTimestamp64Milli(1415792726123) AND t <= fromUnixTimestamp64Milli(1447328726456) LIMIT 1',
    ],
    ['( a >= $__fromTime and a <= $__toTime )', '( a >= toDateTime(1415792726) and a <= toDateTime(1447328726) )'],
    ['$__fromTime_ms, $__toTime_ms', 'fromUnixTimestamp64Milli(1415792726123), fromUnixTimestamp64Milli(1447328726456)'],
    ['$__timeInterval($__fromTime) AS t', 'toStartOfInterval(toDateTime(toDateTime(1415792726)), INTERVAL 20 second) AS t'],
    ['$__timeInterval_ms(t)', 'toStartOfInterval(toDateTime64(t, 3), INTERVAL 20000 millisecond)'],
    ['$__dateFilter(d)', "d >= toDate('2014-11-12') AND d <= toDate('2015-11-12')"],
    ['count() / $__interval_s', 'count() / 20'],
    ['$__interval_seconds $__nothing(a)', '$__interval_seconds $__nothing(a)'],
    ["x = 'it\\'s -- fine' and $__interval_s", "x = 'it\\'s -- fine' and 20"],
    ['1 -- $__timeFilter()\n+ /* $__fromTime */ 2', `1 ${' '.repeat(18)}\n+ ${' '.repeat(17)} 2`],
    [
      "$__timeFilter(if(a = ',)', b, c))",
      "if(a = ',)', b, c) >= toDateTime(1415792726) AND if(a = ',)', b, c) <= toDateTime(1447328726)",
    ],
  ])('%s', (sql, expanded) => expect(expandMacros(sql, RANGE)).toBe(expanded));

  test('a macro without its argument is an error, and no interval is shorter than a second', () => {
    expect(() => expandMacros('$__timeFilter()', RANGE)).toThrow('1 argument');
    expect(expandMacros('$__interval_s', { ...RANGE, intervalMs: 10 })).toBe('1');
  });
});

describe('variables of Grafana', () => {
  const several = { value: ["a'b", 'c"d'] };
  const values = {
    one: { value: "it's" },
    several,
    all: { value: ['x', 'y'], isAll: true },
    any: { value: [], isAll: true, allValue: '.*' },
  };

  test.each([
    ['$one ${one} [[one]]', "it's it's it's"],
    ['${one:sqlstring} ${one:singlequote} ${one:raw}', "'it''s' 'it\\'s' it's"],
    ['IN ($several)', "IN ('a'b','c\"d')"],
    ['IN (${several:sqlstring})', "IN ('a''b','c\\\"d')"],
    ['${several:singlequote}|${several:pipe}|${several:csv}', "'a\\'b','c\"d'|a'b|c\"d|a'b,c\"d"],
    ['${several:regex} ${any} $nobody ${nobody:raw}', '(a\'b|c"d) .* $nobody ${nobody:raw}'],
  ])('%s', (text, expected) => expect(interpolate(text, values)).toBe(expected));

  test('$__conditionalAll is its condition, or anything', () => {
    expect(conditionalAll('a AND $__conditionalAll(f(b, c) IN ($one), $one) AND d', values)).toBe(
      'a AND f(b, c) IN ($one) AND d',
    );
    expect(conditionalAll('$__conditionalAll(b IN (${all:sqlstring}), ${all:raw}) OR $__conditionalAll(c, $any)', values)).toBe(
      '1=1 OR 1=1',
    );
  });

  test('what every panel has', () => {
    expect(interpolate('${__from} $__to $__interval $__interval_ms $__range_s', builtIns(RANGE))).toBe(
      '1415792726123 1447328726456 20s 20000 31536000',
    );
    expect(() => interpolate('${one:lucene}', values)).toThrow('not known here');
  });
});

const PANEL: Panel = { id: 1, type: 'timeseries', gridPos: { x: 0, y: 0, w: 1, h: 1 } };
const TEXT = 'LowCardinality(String)';

function frame(refId: string, columns: Readonly<Record<string, string>>, ...rows: readonly (readonly unknown[])[]): Frame {
  return { refId, columns: Object.entries(columns).map(([name, type]) => ({ name, type })), rows };
}

function problems(type: string, format: number, ...frames: readonly Frame[]): string[] {
  const targets = frames.map(({ refId }): Target => ({ refId, format, editorType: 'sql' }));
  return problemsOf({ ...PANEL, type }, targets, frames);
}

describe('what is wrong with a frame', () => {
  const series = { time: "DateTime('UTC')", name: TEXT, value: 'Nullable(Float64)' };

  test('a time series', () => {
    const rows = [
      ['2026-01-01 00:00:00', 'a', 1],
      ['2026-01-01 00:00:00', 'b', null],
      ['2026-01-01 00:01:00', 'a', 2],
    ];
    expect(problems('timeseries', 0, frame('A', series, ...rows))).toEqual([]);
    expect(problems('timeseries', 0, frame('A', series))).toEqual([]);
    expect(problems('timeseries', 0, frame('A', series, ...rows.toReversed()))).toEqual(['A: times do not ascend']);
    expect(problems('timeseries', 0, frame('A', series, ...rows, ['2026-01-01 00:01:00', 'a', 'nan']))).toEqual([
      'A: value has nan',
      'A: a time twice for the same labels',
    ]);
    expect(problems('timeseries', 1, frame('A', { time: 'String', q: 'Array(Float64)', id: 'UUID' }))).toEqual([
      'A: format 1, not 0',
      'A: id is a UUID',
      'A: 0 columns of time',
    ]);
    expect(problems('timeseries', 0, frame('A', { time: 'DateTime', value: 'Float64', q: 'Array(Float64)' }))).toEqual([
      'A: a column that is neither a time, a number nor a label',
    ]);
  });

  test('a node graph', () => {
    const nodes = { id: 'String', title: 'String', arc__good: 'Float64', arc__bad: 'Float64' };
    const edges = { id: 'String', source: 'String', target: 'String', mainstat: 'UInt64' };
    const good = [frame('nodes', nodes, ['a', 'A', 0.9, 0.1], ['b', 'B', 1, 0]), frame('edges', edges, ['1', 'a', 'b', 3])];
    expect(problems('nodeGraph', 1, ...good)).toEqual([]);
    expect(problems('nodeGraph', 1, frame('nodes', nodes), frame('edges', edges))).toEqual([]);
    const bad = [
      frame('nodes', { ...nodes, colour: 'String' }, ['a', 'A', 0.9, 0.2, ''], ['a', 'B', 1, 0, '']),
      frame('edges', { ...edges, source: 'UInt8' }, ['1', 'a', 'c', 3], ['', 'a', 'a', 1]),
    ];
    expect(problems('nodeGraph', 1, ...bad)).toEqual([
      'edges: source has a',
      'nodes: the panel takes no notice of colour',
      'edges: source is a UInt8',
      'node a twice',
      'edge without an id',
      'the target c of an edge is no node',
      'the arcs of node a sum to 1.1',
    ]);
    expect(problems('nodeGraph', 1, ...good.slice(1))).toEqual(['0 frames of nodes and 1 of edges, not one of each']);
  });

  test('a trace', () => {
    const tags = 'Array(Map(String, String))';
    const columns = {
      ...{
        traceID: 'String',
        spanID: 'String',
        parentSpanID: 'String',
        serviceName: TEXT,
        operationName: TEXT,
        startTime: 'Float64',
      },
      ...{ duration: 'Float64', tags, serviceTags: tags, kind: TEXT, statusCode: 'UInt8', statusMessage: 'String' },
    };
    const span = (id: string, parent: string, statusCode = 0, tag: object = { key: 'a', value: 'b' }, startMs = 1.7e12) =>
      ['t', id, parent, 'nova', 'call x', startMs, 1.5, [tag], [], 'Client', statusCode, ''] as const;
    expect(problems('traces', 3, frame('A', columns, span('1', ''), span('2', '1', 2)))).toEqual([]);
    expect(problems('traces', 3, frame('A', columns))).toEqual([]);
    expect(
      problems('traces', 3, frame('A', columns, span('1', ''), span('2', '9', 7, { k: 'a' }, 1.7e9), span('2', ''))),
    ).toEqual([
      'a span twice',
      'the parent of span 2 is not there',
      'span 2: it starts at 1700000000',
      'span 2: its status code is 7',
      'span 2: its tags are no list of key and value',
    ]);
    expect(rootsOf(frame('A', columns, span('1', ''), span('2', '1'), span('3', '')))).toBe(2);
    expect(problems('traces', 3, frame('A', columns, span('1', '2'), span('2', '1')))).toEqual(['no root']);
    const { traceID: _, ...without } = columns;
    expect(problems('traces', 3, frame('A', { ...without, traceId: 'String', tags: 'String' }))).toEqual([
      'traceID is not there',
      'tags is String',
      'the panel takes no notice of traceId',
    ]);
  });

  test('annotations', () => {
    const columns = {
      time: "DateTime64(9, 'UTC')",
      timeEnd: "DateTime64(9, 'UTC')",
      title: TEXT,
      text: 'String',
      tags: 'String',
    };
    const row = [1.7e9, 1.7e9 + 60, 'Storm', 'a &lt; b', 'storm,rate'];
    expect(annotationProblems(frame('A', columns, row))).toEqual([]);
    expect(
      annotationProblems(frame('A', { ...columns, tags: 'Array(String)', end: 'DateTime' }, [...row.slice(0, 3), '<b>', ''])),
    ).toEqual(['tags is a Array(String)', 'annotations take no notice of end', 'it is HTML: <b>']);
    expect(annotationProblems(frame('A', { title: TEXT, time: 'UInt64' }))).toEqual(['no column text', 'time is a UInt64']);
  });

  test('others', () => {
    expect(problems('stat', 1, frame('A', { a: 'Tuple(UInt8)' }))).toEqual(['A: no value']);
    expect(problems('barchart', 1, frame('A', { a: 'UInt8' }))).toEqual(['A: nothing to put along the axis']);
    expect(problems('news', 1)).toEqual(['a news panel: nothing here says what that needs']);
  });
});
