import type { Batch } from '../record/batch.ts';
import type { Delivery } from '../record/delivery.ts';
import type { Segment } from '../record/segment.ts';

/** How records of a segment ended in one sink, or for all sinks together. */
export interface Outcome {
  readonly delivered: number;
  readonly filtered: number;
  readonly deadLettered: number;
  readonly dropped: number;
  /** Neither: they wait in the sink's disk buffer; absent: none. */
  readonly buffered?: number;
}

/**
 * What the dispatcher tells those who watch it (metrics, tracing). Called per batch or segment, never per log,
 * synchronously; an observer that throws is logged and ignored.
 */
export interface Observer {
  /** The segment was put into the open batch. */
  accepted?(segment: Segment, batch: Batch): void;
  /** The batch was closed for more; processors are next. */
  sealed?(batch: Batch): void;
  /** Processors are done; deliveries are next. */
  processed?(batch: Batch): void;
  /** An attempt ended: the last of `delivery.attempts`. `retryInMs` is the pause before the next, if there will be one. */
  attempted?(delivery: Delivery, retryInMs?: number): void;
  /**
   * The sink is done with the delivery, well or not. `rows`: indexes in the batch of the records that were not
   * delivered, where the sink named them; else none of them, all, or nobody knows which.
   */
  settled?(delivery: Delivery, outcome: Outcome, reason?: string, rows?: readonly number[] | null): void;
  /**
   * The sink is done with a delivery of records that waited in its disk buffer: the end of what `settled` called
   * `buffered`. Its segments say when they were read, its attempts when this ended; the batch is none of those before.
   * Not told of what is lost with the buffer.
   */
  replayed?(delivery: Delivery, outcome: Outcome): void;
  /** Every sink is done with the batch; its slot is reused after this call. */
  completed?(batch: Batch, deliveries: readonly Delivery[]): void;
}
