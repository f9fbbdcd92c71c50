import { PartialError, PermanentError, RetryableError } from '../component/errors.ts';
import { liveRow } from '../component/lines.ts';
import type { Delivery } from '../record/delivery.ts';
import { liveCount, type Segment } from '../record/segment.ts';
import type { Ends } from './ledger.ts';

/** How a delivery ended in its sink: everything not rejected was delivered. */
export interface Settlement {
  readonly rejected: number;
  /** Indexes in the batch of the rejected records; null: all of them, or, when fewer, nobody knows which. */
  readonly indexes: readonly number[] | null;
  /** A short stable word; empty when nothing was rejected. */
  readonly reason: string;
  /** The rejected ones lie among the dead letters; else they were dropped. */
  readonly deadLettered: boolean;
  /** Present when records of the delivery are in the sink's disk buffer; the others were delivered, none was rejected. */
  readonly stored?: Stored;
}

export interface Stored {
  readonly records: number;
  /** Of them, by segment, those that the ledger of the segment's source waits for; absent: none. */
  readonly awaited: ReadonlyMap<Segment, number>;
}

export const DELIVERED: Settlement = { rejected: 0, indexes: null, reason: '', deadLettered: false };

/** The destination has answered for good. */
export function refusedBy(error: PartialError | PermanentError, delivery: Delivery): Settlement {
  const { reason } = error;
  if (error instanceof PermanentError)
    return { rejected: delivery.records, indexes: null, reason, deadLettered: false };
  const rejected = Math.min(error.count, delivery.records);
  return { rejected, indexes: error.indexes, reason, deadLettered: false };
}

/** Nobody tries any longer: rejected are the records that were not accepted, and those that were refused before. */
export function givenUp(delivery: Delivery, reason: string): Settlement {
  if (delivery.accepted === 0)
    return { rejected: delivery.records, indexes: null, reason, deadLettered: false };
  const indexes = [...(delivery.refused ?? [])];
  let passed = 0;
  for (const segment of delivery.segments) {
    const live = liveCount(segment);
    for (let i = Math.max(0, delivery.accepted - passed); i < live; i++) indexes.push(liveRow(segment, i));
    passed += live;
  }
  return { rejected: indexes.length, indexes, reason, deadLettered: false };
}

/** The ends of `records` records, of which `rejected` were rejected. */
export function endsOf(settlement: Settlement, records: number, rejected: number): Ends {
  const { reason, deadLettered } = settlement;
  return {
    delivered: records - rejected,
    ...(deadLettered ? { deadLettered: rejected } : { dropped: { [reason]: rejected } }),
  };
}

/** The word a sink gave its error; an error without one is a fault in our own code. */
export function reasonOf(error: Error): string {
  return error instanceof RetryableError || error instanceof PermanentError || error instanceof PartialError
    ? error.reason
    : 'internal_error';
}
