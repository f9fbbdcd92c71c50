import type { Stream } from './stream.ts';
import type { Traced } from './traced.ts';

/** A run of records of one stream inside a batch. */
export interface Segment {
  readonly stream: Stream;
  /** Its place among the batch's segments. */
  readonly index: number;
  /** Index in the batch of its first record. */
  readonly first: number;
  /** How many records were read, filtered ones included. */
  readonly count: number;
  /** Bytes of the records with their terminators, as read. */
  readonly bytes: number;
  /** Address in kernel memory of those bytes; records lie there in order, each followed by its terminator. */
  readonly address: number;
  /** When the bytes were read: monotonic milliseconds of the `Clock`. */
  readonly readAt: number;
  /** Live records that were read with them and are in a batch before; absent: none. */
  readonly earlier?: number;
  /** Position in the stream of the first byte, and behind the last. */
  readonly from: number;
  readonly position: number;
  /** The source filled the slot's `contexts` column for its rows: contexts that came with the protocol. */
  readonly hasContexts?: boolean;
  /**
   * Indexes in the batch of the records that processors let through, ascending; null: all of them.
   * Filtering selects, it does not copy.
   */
  live: Uint32Array | null;
  /** Which processors removed records from it, in order; absent: none. Set by the dispatcher. */
  removals?: Removal[];
  /** True once a processor replaced a record's text, so that `address`/`bytes` no longer hold what sinks must send. */
  rewritten: boolean;
  /** Which of its records are traced, for sinks that stamp them; null: none. Set after processors ran. */
  traced: Traced | null;
}

/** That a processor removed records of a segment. */
export interface Removal {
  /** Its label, or its place among the processors of the source. */
  readonly by: string;
  /** Indexes in the batch of the records that it left, ascending. */
  readonly live: Uint32Array;
}

/** How many records of the segment are left for sinks. */
export function liveCount(segment: Segment): number {
  return segment.live === null ? segment.count : segment.live.length;
}
