import type { Pool } from './pool.ts';
import type { Selection, Slot } from './slot.ts';

/** A region of kernel memory to write into. */
export interface Region {
  readonly address: number;
  readonly capacity: number;
  readonly bytes: Buffer;
}

export interface ScanResult {
  /** Records found; their rows are `firstRecord` … */
  readonly count: number;
  /** Bytes covered by those records and their terminators; what follows is the start of an unfinished line. */
  readonly consumed: number;
  /** How many of the records are pieces of a line that was cut (flag `split` is set on all pieces but the last). */
  readonly splits: number;
}

export interface KernelOptions {
  /** Bytes for slots, columns included. */
  readonly memoryBytes: number;
  /** Bytes of log text a slot holds (`dispatcher.batch_bytes`). */
  readonly slotBytes: number;
  /** Records a slot holds (`dispatcher.batch_size`). */
  readonly slotRecords: number;
}

/** Per-record blobs that an encoder copies into each record, indexed like the slot's columns; length 0: none. */
export interface RecordBlobs {
  readonly starts: Uint32Array;
  readonly lengths: Uint32Array;
  /** Where the blobs' bytes are written to. */
  readonly region: Region;
}

export declare class Kernel {
  static create(options: KernelOptions): Kernel;
  /** The whole memory. Records are `bytes.subarray(start, start + length)`. Never detached: the memory never grows. */
  readonly bytes: Buffer;
  readonly slots: Pool<Slot>;
  /** Buffers for request bodies in flight; each holds the largest compressed body. Untouched ones cost no resident memory. */
  readonly outputs: Pool<Region>;
  /** Room for one uncompressed body. Shared: valid only until the caller's next `await`. */
  readonly scratch: Region;
  /** Room for per-record blobs (structured metadata). Shared: valid only until the caller's next `await`. */
  readonly blobs: RecordBlobs;

  /**
   * Splits `slot.bytes[from, from+length)` into records, writing rows from `firstRecord` on (start, length, flags).
   * A record ends before LF or CRLF. Lines over `maxRecordBytes` are cut into pieces.
   * `final`: the rest behind the last LF is a record as well. Stops early when the columns are full.
   */
  scanLines(
    slot: Slot,
    options: { from: number; length: number; firstRecord: number; maxRecordBytes: number; final: boolean },
  ): ScanResult;

  /** Appends `count` records in the first `bytes` bytes of `source` to `target`, whose first `targetBytes`/`targetCount` are in use. */
  appendRecords(
    target: Slot,
    targetBytes: number,
    targetCount: number,
    source: Slot,
    bytes: number,
    count: number,
  ): void;

  /** Writes each record and its original terminator (LF where it had none) to `out` from `at` on. Returns the new end, or -1 when it does not fit. */
  joinLines(selection: Selection, out: Region, at: number): number;

  /**
   * Writes one `stream` field of a Loki `PushRequest` (labels and entries) to `out` from `at` on.
   * Record k of the selection has the timestamp `firstNs + k`, or that of the slot's column where `useTimestamps` and it is not 0.
   * Blob of a record: encoded `structuredMetadata` fields. Returns the new end, or -1 when it does not fit.
   */
  lokiStream(
    selection: Selection,
    out: Region,
    at: number,
    options: { labels: string; firstNs: bigint; useTimestamps: boolean; useBlobs: boolean },
  ): number;

  /** Writes the UTF-8 bytes as the inside of a JSON string (no quotes); invalid UTF-8 becomes U+FFFD. Returns the new end, or -1. */
  escapeJson(start: number, length: number, out: Region, at: number): number;

  /** Snappy block format. Returns the compressed length. `out` must hold 32 + length + length / 6 bytes. */
  snappy(source: Region, length: number, out: Region): number;
}
