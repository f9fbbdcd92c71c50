/** What `Kernel.encodeSpans` copies once a log, and where it puts what differs between logs. */
import type { RecordChecksum } from './record-checksum.ts';

export const PatchKind = {
  /** 8 bytes: the log's span id number `argument`, 0 to 13; 0 is the root's, and the second half of the trace id. */
  spanId: 0,
  /** 8 bytes: the span id that came with the log. */
  incomingParentSpanId: 1,
  /** The record's length in bytes (below 2^28), as a varint of 4 bytes. */
  size: 2,
  /** The record's position in its stream (below 2^56), as a varint of 8 bytes. */
  offset: 3,
  /** The same position as 12 hexadecimal digits, its low 48 bits. */
  uid: 4,
  /** Length of the last span, as a varint of 4 bytes right before its content: grows by the record's blob. */
  rootLength: 5,
  /** 16 bytes: the trace id that came with the log. */
  incomingTraceId: 6,
  /** The position's low 28 bits: the first 4 bytes of the varint, of which the others are the caller's. */
  offsetLow: 7,
} as const;

/** How many bytes are patched, by kind. */
export const PATCH_WIDTHS: Readonly<Record<SpanPatch['kind'], number>> = {
  [PatchKind.spanId]: 8,
  [PatchKind.incomingParentSpanId]: 8,
  [PatchKind.size]: 4,
  [PatchKind.offset]: 8,
  [PatchKind.uid]: 12,
  [PatchKind.rootLength]: 4,
  [PatchKind.incomingTraceId]: 16,
  [PatchKind.offsetLow]: 4,
};

export interface SpanPatch {
  /** Offset in the template's bytes. */
  readonly at: number;
  readonly kind: (typeof PatchKind)[keyof typeof PatchKind];
  readonly argument: number;
}

/** The encoded spans of one log (at most 256 KiB), the root last. */
export interface SpanTemplate {
  readonly bytes: Buffer;
  readonly patches: readonly SpanPatch[];
}

export interface SpanOptions {
  /** As in `Traced` (record/traced.ts): what the ids are drawn from. */
  readonly seed: bigint;
  readonly threshold: bigint;
  /** Position in the stream of the record in the selection's row `first`. */
  readonly from: number;
  /** One with patches of what came with the log takes it from the slot's `contexts` column. */
  readonly template: SpanTemplate;
  /** Appends each record's blob, encoded fields of `Span`, to its root. Needs a patch `rootLength`. */
  readonly useBlobs: boolean;
  /**
   * Also computes the CRC-32 of what the encoded records stand for, from that of the template (`constant`, without what
   * is before it) and the register (crc32.ts) that what is before the records leaves; null: of nothing.
   */
  readonly checksum: {
    readonly record: RecordChecksum;
    readonly constant: number;
    readonly register: number;
  } | null;
}

export interface EncodedSpans {
  readonly bytes: number;
  /** How many of the selection's records were done: fewer than all when the region is full. */
  readonly rows: number;
  /** With `checksum`: the register behind these records. */
  readonly register: number;
}
