/**
 * The settings that a client may give in the URL. Honoured are those that say how a result looks and what SQL means; the fence's own
 * may be made tighter; those that clients send by habit and that mean nothing here are ignored. Any other is refused.
 */
import { type Exception, exception } from './exception.ts';

const HONOURED: ReadonlySet<string> = new Set(
  [
    'date_time_input_format date_time_output_format session_timezone extremes limit offset final join_use_nulls',
    'union_default_mode intersect_default_mode except_default_mode cast_keep_nullable transform_null_in group_by_use_nulls',
    'prefer_column_name_to_alias aggregate_functions_null_for_empty any_join_distinct_right_table_keys joined_subquery_requires_alias',
    'format_csv_delimiter format_tsv_null_representation format_csv_null_representation bool_true_representation',
    'bool_false_representation format_binary_max_string_size',
    'max_rows_to_read max_bytes_to_read read_overflow_mode max_rows_to_group_by group_by_overflow_mode max_rows_in_join',
    'max_bytes_in_join max_rows_in_set max_bytes_in_set enable_analyzer allow_experimental_analyzer',
  ].flatMap((names) => names.split(' ')),
);
/** `output_format_schema` would write a file; the compression's are for INTO OUTFILE. */
const HONOURED_FORMAT = /^output_format_(?!schema$|compression)[a-z0-9_]+$/;

const IGNORED: ReadonlySet<string> = new Set(
  [
    'readonly max_threads max_memory_usage max_query_size max_block_size log_comment log_queries priority timeout_overflow_mode',
    'send_progress_in_http_headers http_headers_progress_interval_ms http_write_exception_in_output_format buffer_size',
    'cancel_http_readonly_queries_on_client_close http_zlib_compression_level http_native_compression_disable_checksumming_on_decompress',
    'session_id session_timeout session_check client_protocol_version quota_key stacktrace close_session network_compression_method',
    'allow_suspicious_low_cardinality_types input_format_tsv_crlf_end_of_line add_http_cors_header use_uncompressed_cache',
    'insert_quorum async_insert wait_for_async_insert max_insert_block_size insert_deduplicate connect_timeout receive_timeout',
    'send_timeout skip_unavailable_shards optimize_on_insert enable_http_compression',
  ].flatMap((names) => names.split(' ')),
);

export interface Limits {
  readonly secondsMax: number;
  readonly memoryBytesMax: number;
  readonly resultBytesMax: number | null;
}

export interface Settings extends Limits {
  /** For the engine. */
  readonly honoured: ReadonlyMap<string, string>;
}

/** @param limits the fence's: what is asked for may lie below. */
export function readSettings(given: ReadonlyMap<string, string>, limits: Limits): Settings | Exception {
  const honoured = new Map<string, string>();
  let { secondsMax, resultBytesMax } = limits;
  for (const [name, value] of given) {
    if (value.includes('\0')) return exception('BAD_ARGUMENTS', `Setting ${name} has a value that is no text`);
    if (name === 'max_execution_time') secondsMax = lower(value, secondsMax) ?? secondsMax;
    else if (name === 'max_result_bytes') resultBytesMax = lower(value, resultBytesMax);
    else if (name === 'max_result_rows' || name === 'result_overflow_mode') honoured.set(name, value);
    else if (HONOURED.has(name) || HONOURED_FORMAT.test(name)) honoured.set(name, value);
    else if (!IGNORED.has(name)) return unknown(name);
  }
  return { ...limits, honoured, secondsMax, resultBytesMax };
}

/** 0 means "no bound" to ClickHouse. */
function lower(value: string, bound: number | null): number | null {
  const asked = Number(value);
  if (!(asked > 0) || !Number.isFinite(asked)) return bound;
  return bound === null ? asked : Math.min(asked, bound);
}

function unknown(name: string): Exception {
  return exception(
    'UNKNOWN_SETTING',
    `Setting ${/^\w{1,80}$/.test(name) ? name : ''} is neither a parameter of the query endpoint nor a setting that it lets be changed`,
  );
}
