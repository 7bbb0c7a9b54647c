/**
 * A disk that fills while the engine rewrites a part can leave the new part without its marks; each query that reads it fails from
 * then on. The part it was made of is kept for some minutes: a table that is opened anew falls back to that one, and does again
 * what was done to it. Source: ClickHouse's MergeTreeData::loadDataParts, and `mutation_N.txt` of StorageMergeTree.
 */

const DAMAGE = /\((?:CORRUPTED_DATA|CHECKSUM_DOESNT_MATCH|CANNOT_READ_ALL_DATA|NO_FILE_IN_DATA_PART)\)/;
/** How the engine names the table that it was reading. */
const TABLE = /\bin table default\.([a-z_0-9]+) \(/;

/** @returns the table that a failure of the engine says is damaged, or null. */
export function damagedTable(reason: string): string | null {
  return DAMAGE.test(reason) ? (TABLE.exec(reason)?.[1] ?? null) : null;
}

/** Statements that open it anew. */
export function reopening(table: string): readonly string[] {
  return [`DETACH TABLE ${table} SYNC`, `ATTACH TABLE ${table}`];
}
