/** What the kernel's functions take and return. */

/** A region of kernel memory to write into. Encoders may overwrite up to 64 bytes behind the end they return, even behind `capacity`. */
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
  /** How many of the records have the flag `split`: pieces of a line that was cut, all but its last. */
  readonly splits: number;
}

export interface KernelOptions {
  /** Bytes for slots, columns included. */
  readonly memoryBytes: number;
  /** Bytes of log text a slot holds (`dispatcher.batch_bytes`). */
  readonly slotBytes: number;
  /** Records a slot holds (`dispatcher.batch_size`). */
  readonly slotRecords: number;
  /** Bytes for encoded spans (`tracing.store.memory`), besides `memoryBytes`; left out: none. */
  readonly spanBytes?: number;
}

/** Per-record blobs that an encoder copies into each record, indexed like the slot's columns; length 0: none. */
export interface RecordBlobs {
  /** Addresses in kernel memory. */
  readonly starts: Uint32Array;
  readonly lengths: Uint32Array;
  /** Where the blobs' bytes are written to. */
  readonly region: Region;
}

/** Which records of a selection get their trace id written into them, and what the ids are. */
export interface StampOptions {
  /** Rows to stamp, ascending; null: all. Rows outside the selection do no harm. */
  readonly rows: Uint32Array | null;
  /** What ids are made of, as in `Traced` (record/traced.ts). */
  readonly prefix: bigint;
  readonly seed: bigint;
  readonly threshold: bigint;
  /** Whether the slot's `contexts` column is filled: a record that came with a context keeps that trace id. */
  readonly hasContexts: boolean;
  /** Writes the root's span id as well. */
  readonly spanIds: boolean;
}

/**
 * Where the ids of the body being written lie. `lokiStream` appends to it, `snappy` emits those bytes as they are.
 * Shared: set `count` to 0 before the first stream of a body; valid only until the caller's next `await`.
 */
export interface IdRegions {
  count: number;
  /** Regions of a stamped record. */
  perRecord: 1 | 2;
}

export interface LokiOptions {
  readonly labels: string;
  readonly firstNs: bigint;
  readonly useTimestamps: boolean;
  readonly useBlobs: boolean;
  /** Adds structured metadata `trace_id` (and `span_id`), in hexadecimal digits, behind the blob. */
  readonly stamp?: StampOptions | null;
}

export interface OtlpLogOptions {
  /** `observed_time_unix_nano` of every record; 0: left out. */
  readonly observedNs: bigint;
  /** Record k of the selection has `time_unix_nano` `firstNs + k`; 0: left out. */
  readonly firstNs: bigint;
  /** Takes a record's time from the slot's column instead, where it is not 0 there. */
  readonly useTimestamps: boolean;
  /** Writes `severity_number` from the slot's column, where it is not 0. */
  readonly useSeverities: boolean;
  /** Copies each record's blob: encoded `attributes` fields (6) or others that belong behind the body. */
  readonly useBlobs: boolean;
}

export interface SnappyOptions {
  /** The kernel's `idRegions`; null: none. */
  readonly regions: IdRegions | null;
}
