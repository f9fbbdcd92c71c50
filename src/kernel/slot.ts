import { ContextRow } from './context-row.ts';
import type { SlotLayout } from './layout.ts';
import type { KernelOptions } from './options.ts';

/**
 * A slot is a fixed region of kernel memory: bytes, and one row of columns for each record in them.
 * Sources fill slots, the dispatcher joins them into batches, sinks read them. Their number is fixed
 * at start, so a source that can get none must wait: that is the whole backpressure.
 */
export interface Slot {
  readonly index: number;
  /** Address of the first byte in kernel memory. */
  readonly address: number;
  /** How many bytes fit. */
  readonly capacity: number;
  /** How many records fit. */
  readonly maxRecords: number;
  /** The bytes, as a view of kernel memory. */
  readonly bytes: Buffer;
  /** Column: address in kernel memory of each record's first byte (absolute, so it may point anywhere). */
  readonly starts: Uint32Array;
  /** Column: length of each record in bytes, without its line terminator. */
  readonly lengths: Uint32Array;
  /** Column: bits of `RecordFlag`; always set for every record. */
  readonly flags: Uint8Array;
  /** Column: severity numbers (`Severity` in record/batch.ts); valid only where the batch says so. */
  readonly severities: Uint8Array;
  /** Column: nanoseconds since 1970 from the log itself, 0 where unknown; valid only where the batch says so. */
  readonly timestamps: BigUint64Array;
  /** Column of 32 bytes a record: W3C trace contexts, laid out as `ContextRow`; valid only where the batch says so. */
  readonly contexts: Uint8Array;
}

/** Bits of the `flags` column. */
export const RecordFlag = {
  /** The line was longer than the source allows; the record is one piece and the next record goes on with it. */
  split: 1,
  /** A processor could not parse the record, which goes on as plain text. */
  unparsed: 2,
  /** The input ended without a line terminator behind the record. */
  unterminated: 4,
} as const;

/** Records to encode: rows `first` to `first + count` of a slot's columns, or only the rows listed in `live`. */
export interface Selection {
  readonly slot: Slot;
  readonly first: number;
  readonly count: number;
  readonly live: Uint32Array | null;
}

/** The slot that lies there, as views of the kernel's memory. */
export function slotAt(
  buffer: ArrayBuffer,
  at: SlotLayout,
  index: number,
  { slotBytes, slotRecords }: Pick<KernelOptions, 'slotBytes' | 'slotRecords'>,
): Slot {
  return {
    index,
    address: at.address,
    capacity: slotBytes,
    maxRecords: slotRecords,
    bytes: Buffer.from(buffer, at.address, slotBytes),
    starts: new Uint32Array(buffer, at.starts, slotRecords),
    lengths: new Uint32Array(buffer, at.lengths, slotRecords),
    flags: new Uint8Array(buffer, at.flags, slotRecords),
    severities: new Uint8Array(buffer, at.severities, slotRecords),
    timestamps: new BigUint64Array(buffer, at.timestamps, slotRecords),
    contexts: new Uint8Array(buffer, at.contexts, slotRecords * ContextRow.size),
  };
}
