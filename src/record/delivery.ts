import type { Batch } from './batch.ts';
import type { Segment } from './segment.ts';

/** One attempt to hand a batch to a sink, in monotonic milliseconds of the `Clock`. */
export interface Attempt {
  readonly startedAt: number;
  readonly endedAt: number;
  /** Absent when it succeeded. */
  readonly error?: Error;
}

/** The part of a batch that one sink has selected, on its way to that sink. */
export interface Delivery {
  readonly batch: Batch;
  readonly sink: string;
  /** Segments the sink selected, none of them without live records. */
  readonly segments: readonly Segment[];
  /** Live records, and their bytes as read. */
  readonly records: number;
  readonly bytes: number;
  /** Attempts that ended, oldest first. */
  readonly attempts: Attempt[];
  /**
   * For sinks that send a batch in several requests: how many live records, counted over `segments` in order,
   * the destination has accepted. A retry starts behind them, so that what was accepted is not sent again.
   */
  accepted: number;
  /** Rows of the batch that count as accepted above although the destination refused them for good; absent: none. */
  refused?: readonly number[];
  /** The sink's disk buffer has taken it over: the attempts are not its whole way. */
  stored?: true;
  /** Its records are dead letters that are sent again; absent: they come from a source. */
  readonly resent?: true;
}
