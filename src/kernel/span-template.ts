/** What `Kernel.encodeSpans` copies once a log, and where it puts what differs between logs. */

export const PatchKind = {
  /** 16 bytes: the log's trace id, or the one that came with it. */
  traceId: 0,
  /** 8 bytes: the log's span id number `argument`, 0 to 13. */
  spanId: 1,
  /** 8 bytes: the span id that came with the log. */
  incomingParentSpanId: 2,
  /** The record's length in bytes, as a varint of 5 bytes. */
  size: 3,
  /** The record's position in its stream (below 2^56), as a varint of 8 bytes. */
  offset: 4,
  /** The same position as 12 hexadecimal digits, its low 48 bits. */
  uid: 5,
  /** Length of the last span, as a varint of 4 bytes right before its content: grows by the record's blob. */
  rootLength: 6,
} as const;

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
  readonly spans: number;
}

export interface SpanOptions {
  /** As in `Traced` (record/traced.ts): what the ids are drawn from. */
  readonly seed: bigint;
  readonly threshold: bigint;
  /** Whether the slot's `contexts` column is filled for the selected rows. */
  readonly hasContexts: boolean;
  /** Position in the stream of the record in the selection's row `first`. */
  readonly from: number;
  readonly plain: SpanTemplate;
  /** For logs that came with a context; null: they get the plain one, with an id of their own. */
  readonly joined: SpanTemplate | null;
  /** Appends each record's blob, encoded fields of `Span`, to its root. Needs a patch `rootLength`. */
  readonly useBlobs: boolean;
}

export interface EncodedSpans {
  readonly bytes: number;
  readonly spans: number;
  /** How many of the selection's records were done: fewer than all when the region is full. */
  readonly rows: number;
}
