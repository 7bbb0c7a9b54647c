/** Settings in the URL: what is honoured, what is ignored, what is refused. */
import { expect, test } from 'vitest';
import { readSettings } from '../../../src/query/settings.ts';

const LIMITS = { secondsMax: 30, memoryBytesMax: 100, resultBytesMax: null };

function read(...given: [string, string][]) {
  return readSettings(new Map(given), LIMITS);
}

test('what says how a result looks is honoured', () => {
  const settings = read(['output_format_json_quote_64bit_integers', '0'], ['session_timezone', 'UTC'], ['max_result_rows', '5']);
  expect(settings).toMatchObject({
    ...LIMITS,
    honoured: new Map([
      ['output_format_json_quote_64bit_integers', '0'],
      ['session_timezone', 'UTC'],
      ['max_result_rows', '5'],
    ]),
  });
});

test('the fence can be made tighter, and no wider', () => {
  expect(read(['max_execution_time', '5'], ['max_result_bytes', '9'])).toMatchObject({ secondsMax: 5, resultBytesMax: 9 });
  for (const wide of ['0', '31', '-1', 'Infinity', 'x', ''])
    expect(read(['max_execution_time', wide])).toMatchObject({ secondsMax: 30 });
  expect(read(['max_memory_usage', '1e12'], ['max_threads', '64'], ['readonly', '0'])).toEqual({
    ...LIMITS,
    honoured: new Map(),
  });
});

test.each([
  'output_format_schema',
  'format_schema',
  'role',
  'max_untracked_memory',
  'allow_ddl',
  'user_files_path',
  "x'; --",
  '',
])('anything else is refused: %s', (name) => {
  expect(read([name, '1'])).toMatchObject({ name: 'UNKNOWN_SETTING' });
});

test('a value that would end an argument of the engine is refused', () => {
  expect(read(['session_timezone', 'UTC\0--path'])).toMatchObject({ name: 'BAD_ARGUMENTS' });
});
