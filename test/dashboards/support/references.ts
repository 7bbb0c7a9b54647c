/** What a panel says about its columns by name must name columns that its queries give, and each number needs a unit. */
import type { Panel } from './dashboards.ts';
import { columnsOf } from './frames.ts';
import type { Frame } from './store.ts';

/** Numbers that stand there without a unit: `short` or `none` is one too. A node graph has none to set. */
export function unitProblems(panel: Panel, frames: readonly Frame[]): string[] {
  const { defaults, overrides = [] } = panel.fieldConfig ?? {};
  if (defaults?.unit !== undefined || panel.type === 'nodeGraph' || panel.type === 'traces') return [];
  const set = overrides.filter(({ properties }) => properties.some(({ id }) => id === 'unit' || id === 'custom.hidden'));
  const named = new Set(set.filter(({ matcher }) => matcher.id === 'byName').map(({ matcher }) => matcher.options));
  const patterns = set.filter(({ matcher }) => matcher.id === 'byRegexp').map(({ matcher }) => regexOf(String(matcher.options)));
  const numbers = frames.flatMap((frame) => columnsOf(frame, 'number').map(({ name }) => name));
  const bare = numbers.filter((name) => !named.has(name) && !patterns.some((pattern) => pattern.test(name)));
  return bare.map((name) => `${name} has no unit`);
}

/** `/a|b/` as Grafana writes it, or the text itself. */
function regexOf(text: string): RegExp {
  return new RegExp(/^\/(.*)\/\w*$/.exec(text)?.[1] ?? text);
}

/** Names in links and overrides that no frame has. */
export function referenceProblems(panel: Panel, frames: readonly Frame[]): string[] {
  const names = new Set(frames.flatMap(({ columns }) => columns.map(({ name }) => name)));
  const renamed = new Set([...names, ...renamedTo(panel)]);
  // Series of a time series are named by their labels' values.
  const texts = panel.type === 'timeseries' ? new Set(frames.flatMap(({ rows }) => rows.flat().map(String))) : new Set<string>();
  const overridden = (panel.fieldConfig?.overrides ?? [])
    .filter(({ matcher }) => matcher.id === 'byName')
    .map(({ matcher }) => String(matcher.options))
    .filter((name) => !renamed.has(name) && !texts.has(name))
    .map((name) => `an override is for ${name}, which is no column`);
  const linked = urlsOf(panel)
    .flatMap((url) => [...url.matchAll(DATA_FIELD)].map(([, quoted, plain]) => quoted ?? plain ?? ''))
    .filter((name) => !renamed.has(name))
    .map((name) => `a link takes ${name}, which is no column`);
  return [...overridden, ...linked];
}

/** Of its links, those of its fields, and those of overrides. */
export function urlsOf(panel: Panel): string[] {
  const { defaults, overrides = [] } = panel.fieldConfig ?? {};
  const ofOverrides = overrides.flatMap(({ properties }) =>
    properties.filter(({ id }) => id === 'links').map(({ value }) => value),
  );
  const links = [
    ...(panel.links ?? []),
    ...(defaults?.links ?? []),
    ...ofOverrides.flatMap((value) => value as { url?: string }[]),
  ];
  return links.map(({ url = '' }) => url);
}

const DATA_FIELD = /\$\{__data\.fields(?:\[["']([^"']+)["']\]|\.(\w+))/g;

function renamedTo({ transformations = [] }: Panel): string[] {
  return transformations.flatMap(({ id, options }) =>
    id === 'organize' ? Object.values((options as { renameByName?: Record<string, string> }).renameByName ?? {}) : [],
  );
}
