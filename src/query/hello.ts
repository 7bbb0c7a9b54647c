/**
 * The first question of ClickHouse's Go client over HTTP (Grafana's data source is made with it), and the form of its answer.
 *
 * The client tells in `client_protocol_version` which revision of the Native format it reads, and asks for the server's `revision()`.
 * The engine writes revision 0, so that is the answer, and what follows is read as the engine writes it. This first answer
 * alone is read at the client's own revision (clickhouse-go, conn_http.go since 2.38, lib/proto/block.go):
 *
 *   01 is_overflows  02 bucket  00 │ columns  rows │ name  type  flag  data │ name  type  flag  data …
 *   from revision 1 on             │ always        │             └─ from 54454 on: how the data are laid out, 0 as usual
 */
import type { ReadRun } from '../store/read-request.ts';

const HELLO = /^\s*SELECT\s+displayName\(\),\s*version\(\),\s*revision\(\),\s*timezone\(\)\s*$/;
/** The name is that of the headers: a machine's own is not for queries from outside. */
const HELLO_ANSWERED = `SELECT 'oslotap' AS "displayName()", version() AS "version()", 0::UInt32 AS "revision()", timezone() AS "timezone()"`;

/** What the engine is to be asked where this is the client's first question; null where it is not. */
export function readHello(sql: string): string | null {
  return HELLO.test(sql) ? HELLO_ANSWERED : null;
}

/** Of `client_protocol_version`; 0 where there is none, or no number. */
export function revisionOf(text: string | null): number {
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : 0;
}

/** The answer's only block, each chunk a whole one, as a client of this revision reads it. */
export function helloAt(run: ReadRun, revision: number): ReadRun {
  return {
    ended: run.ended,
    cancel: () => run.cancel(),
    async *[Symbol.asyncIterator]() {
      for await (const { bytes, rows } of run) yield { bytes: atRevision(bytes, revision), rows };
    },
  };
}

const REVISION_OF_FLAG = 54_454;
/** No overflow row, and no bucket: -1. */
const BLOCK_INFO = Uint8Array.of(1, 0, 2, 0xff, 0xff, 0xff, 0xff, 0);
const FLAG_USUAL = Uint8Array.of(0);

/**
 * @param block of revision 0 and one row; its columns are String or UInt32.
 * @param revision above 0.
 * @throws RangeError where the block is cut.
 */
export function atRevision(block: Uint8Array, revision: number): Uint8Array {
  const reader = new BlockReader(block);
  const columns = reader.varint();
  reader.varint();
  const pieces = [BLOCK_INFO, reader.taken()];
  for (let column = 0; column < columns; column++) {
    reader.string();
    const type = reader.string();
    pieces.push(reader.taken());
    if (revision >= REVISION_OF_FLAG) pieces.push(FLAG_USUAL);
    if (type === 'String') reader.string();
    else reader.skip(Uint32Array.BYTES_PER_ELEMENT);
    pieces.push(reader.taken());
  }
  return Buffer.concat(pieces);
}

/** Every way beyond the end is a RangeError. */
class BlockReader {
  readonly #bytes: Buffer;
  #at = 0;
  #takenTo = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** A length or a count. */
  varint(): number {
    let value = 0;
    for (let unit = 1; ; unit *= 0x80) {
      const byte = this.#bytes.readUInt8(this.#at++);
      value += (byte & 0x7f) * unit;
      if (byte < 0x80) return value;
    }
  }

  string(): string {
    const length = this.varint();
    this.skip(length);
    return this.#bytes.toString('utf8', this.#at - length, this.#at);
  }

  skip(length: number): void {
    this.#at += length;
    if (this.#at > this.#bytes.length) throw new RangeError('the block ends before its last value');
  }

  /** What was read since it was asked last. */
  taken(): Uint8Array {
    const bytes = this.#bytes.subarray(this.#takenTo, this.#at);
    this.#takenTo = this.#at;
    return bytes;
  }
}
