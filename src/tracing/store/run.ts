import type { LogOutcome, Reason } from '../mode.ts';

/** What all spans of a run of log spans have in common, so that the store can search without decoding. */
export interface LogRunMeta {
  readonly sourceId: string;
  readonly source: string;
  readonly reason: Reason;
  readonly outcome: LogOutcome;
  /** Unix time of the roots' start in milliseconds, and their duration in milliseconds. */
  readonly startedAtMs: number;
  readonly durationMs: number;
}

/**
 * Spans that are compressed: blocks of DEFLATE (RFC 1951) that end on a byte boundary, none of which says that it is the
 * last, and which copy from nothing before them. The first trace stands in a stored block.
 */
export interface Deflated {
  /** Bytes when they are not. */
  readonly length: number;
  /** The CRC-32 register (kernel/crc32.ts) that those bytes leave, from 0. */
  readonly register: number;
}

/**
 * A run of encoded spans in the span ring: repeated `spans` fields (number 2) of an OTLP `ScopeSpans` message, tag and
 * length included. Valid until released by every holder and overwritten by the ring.
 */
export interface Run {
  /** As they are stored: `plainSpans` (spans/span-run.ts) decompresses. */
  readonly bytes: Buffer;
  readonly deflated: Deflated | null;
  readonly spans: number;
  /** Log spans come with their meta; system spans have none. */
  readonly type: 'log' | 'system';
  readonly meta: LogRunMeta | null;
  /**
   * What all spans of the run have in common and therefore do not say: encoded `attributes` fields (number 3) of the
   * OTLP `InstrumentationScope`. Of compact log spans only; one object is shared by the runs of a batch. Null: nothing.
   */
  readonly scope: Buffer | null;
  /** How many exporters still need the bytes; the ring never overwrites a run that is held. */
  holders: number;
}
