/** Columns as Grafana has them once the data source has converted ClickHouse's types (pkg/converters of the plugin). */
import type { Column, Frame } from './store.ts';

export type FieldType = 'time' | 'number' | 'string' | 'boolean' | 'json';

/** @returns null for a type that the plugin does not convert: what comes of it is left to chance. */
export function fieldTypeOf({ type }: Column): FieldType | null {
  const inner = type.replace(/^LowCardinality\((.*)\)$/, '$1').replace(/^Nullable\((.*)\)$/, '$1');
  return TYPES.find(([pattern]) => pattern.test(inner))?.[1] ?? null;
}

const TYPES: readonly (readonly [RegExp, FieldType])[] = [
  [/^Date/, 'time'],
  [/^(U?Int(8|16|32|64)|Float(32|64)|Decimal.*)$/, 'number'],
  [/^(String|FixedString|Enum(8|16)|IPv[46])(\(.*\))?$/, 'string'],
  [/^Bool$/, 'boolean'],
  [/^(Array|Map|Tuple|Nested|JSON)\(?/, 'json'],
];

/** A column's values; none where it is not there. */
export function valuesOf(frame: Frame, name: string): unknown[] {
  const place = frame.columns.findIndex((column) => column.name === name);
  return place === -1 ? [] : frame.rows.map((row) => row[place]);
}

export function columnsOf(frame: Frame, type: FieldType): Column[] {
  return frame.columns.filter((column) => fieldTypeOf(column) === type);
}

/** Rows as objects by column. */
export function recordsOf(frame: Frame): Record<string, unknown>[] {
  return frame.rows.map((row) => Object.fromEntries(frame.columns.map(({ name }, place) => [name, row[place]])));
}
