/** The output formats, and which of them can be streamed: those whose pieces, one behind the other, are the whole. */
import { type Exception, exception } from './exception.ts';

export interface OutputFormat {
  readonly name: string;
  readonly isStreamed: boolean;
  readonly contentType: string;
}

const TSV = 'text/tab-separated-values; charset=UTF-8';
const CSV = 'text/csv; charset=UTF-8; header=absent';
const CSV_WITH_NAMES = 'text/csv; charset=UTF-8; header=present';
const JSON_TYPE = 'application/json; charset=UTF-8';
const LINES = 'application/x-ndjson; charset=UTF-8';
const BINARY = 'application/octet-stream';
const TEXT = 'text/plain; charset=UTF-8';

/** Content types as the server gives them. What needs a schema file, a template or a chart is not here. */
const STREAMED: Readonly<Record<string, string>> = {
  TabSeparated: TSV,
  TSV,
  TabSeparatedRaw: TSV,
  TSVRaw: TSV,
  CSV,
  JSONEachRow: LINES,
  JSONLines: LINES,
  NDJSON: LINES,
  JSONStringsEachRow: LINES,
  JSONCompactEachRow: LINES,
  JSONCompactStringsEachRow: LINES,
  LineAsString: TEXT,
  TSKV: TSV,
  RowBinary: BINARY,
  Native: BINARY,
};
const WHOLE: Readonly<Record<string, string>> = {
  TabSeparatedWithNames: TSV,
  TSVWithNames: TSV,
  TabSeparatedWithNamesAndTypes: TSV,
  TSVWithNamesAndTypes: TSV,
  TabSeparatedRawWithNames: TSV,
  TSVRawWithNames: TSV,
  TabSeparatedRawWithNamesAndTypes: TSV,
  TSVRawWithNamesAndTypes: TSV,
  CSVWithNames: CSV_WITH_NAMES,
  CSVWithNamesAndTypes: CSV_WITH_NAMES,
  JSON: JSON_TYPE,
  JSONStrings: JSON_TYPE,
  JSONCompact: JSON_TYPE,
  JSONCompactStrings: JSON_TYPE,
  JSONColumns: JSON_TYPE,
  JSONCompactColumns: JSON_TYPE,
  JSONColumnsWithMetadata: JSON_TYPE,
  JSONObjectEachRow: JSON_TYPE,
  JSONCompactEachRowWithNames: LINES,
  JSONCompactEachRowWithNamesAndTypes: LINES,
  JSONCompactStringsEachRowWithNames: LINES,
  JSONCompactStringsEachRowWithNamesAndTypes: LINES,
  RowBinaryWithNames: BINARY,
  RowBinaryWithNamesAndTypes: BINARY,
  MsgPack: BINARY,
  Parquet: BINARY,
  Arrow: BINARY,
  ArrowStream: BINARY,
  ORC: BINARY,
  Avro: BINARY,
  XML: 'application/xml; charset=UTF-8',
  Vertical: TEXT,
  Markdown: 'text/markdown; charset=UTF-8',
  Values: TEXT,
  SQLInsert: TEXT,
  Null: TEXT,
  Pretty: TEXT,
  PrettyCompact: TEXT,
  PrettyCompactMonoBlock: TEXT,
  PrettyCompactNoEscapes: TEXT,
  PrettyMonoBlock: TEXT,
  PrettyNoEscapes: TEXT,
  PrettySpace: TEXT,
  PrettySpaceNoEscapes: TEXT,
};

const FORMATS: ReadonlyMap<string, OutputFormat> = new Map(
  [...Object.entries(STREAMED), ...Object.entries(WHOLE)].map(([name, contentType]) => [
    name.toLowerCase(),
    { name, contentType, isStreamed: name in STREAMED },
  ]),
);

/** What a query that names none is answered in. */
export const DEFAULT_FORMAT: OutputFormat = { name: 'TabSeparated', isStreamed: true, contentType: TSV };

/** By its name, in any case. */
export function formatOf(name: string): OutputFormat | Exception {
  return FORMATS.get(name.toLowerCase()) ?? exception('UNKNOWN_FORMAT', `Unknown format ${name}`);
}
