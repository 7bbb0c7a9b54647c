/** What a query of somebody else's may ask of the embedded engine, and take of it. */

/** What one query may take, whoever asks. */
export const FENCE = {
  /** Queries at once. */
  threads: 2,
  /** What sorting and grouping may put on disk. */
  spillBytesMax: 1024 * 1024 * 1024,
  sqlBytesMax: 1024 * 1024,
} as const;

export interface ReadRequest {
  readonly sql: string;
  /** ClickHouse's name of it. */
  readonly format: string;
  /** False: made as a whole, in one chunk; `resultBytesMax` then bounds the memory. */
  readonly isStreamed: boolean;
  /** Of `{name:Type}`, each as ClickHouse's HTTP interface takes it: escaped like a TSV field. */
  readonly params: ReadonlyMap<string, string>;
  /** ClickHouse settings, checked by the caller. */
  readonly settings: ReadonlyMap<string, string>;
  /** From its start to its last row, the time that its reader takes included. */
  readonly secondsMax: number;
  readonly memoryBytesMax: number;
  /** Of the result before it is formatted; null: no bound. */
  readonly resultBytesMax: number | null;
}

export interface ReadChunk {
  readonly bytes: Uint8Array;
  /** Of the result; 0 where the chunk is the whole. */
  readonly rows: number;
}

/** One query. Iterate it, or cancel it; either way it is over when `ended` says so. Throws the engine's words: `Code: 62. DB::Exception: …`. */
export interface ReadRun extends AsyncIterable<ReadChunk> {
  /** The engine has let go of it. Never rejects. */
  readonly ended: Promise<void>;
  /** The engine stops within moments, whatever it is at. More than once is no harm. */
  cancel(): void;
}

export interface Reader {
  /** @throws where no thread is free: at most `FENCE.threads` at once. */
  run(request: ReadRequest): ReadRun;
  /** Ends what runs, then lets the store go. */
  close(): Promise<void>;
}
