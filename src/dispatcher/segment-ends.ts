import type { Delivery } from '../record/delivery.ts';
import { liveCount, type Segment } from '../record/segment.ts';
import type { Ends } from './ledger.ts';
import { endsOf, type Settlement } from './settlement.ts';

/**
 * Says for each segment of a delivery how its records ended. Where the destination did not name the records it
 * rejected, they are laid to the segments in order until their number is reached: the sum is right, the division
 * between sources of one batch is then a guess.
 */
export function segmentEnds(delivery: Delivery, settlement: Settlement): [Segment, Ends][] {
  const ends: [Segment, Ends][] = [];
  let left = settlement.rejected;
  for (const segment of delivery.segments) {
    const live = liveCount(segment);
    if (settlement.stored !== undefined) {
      // A source counts a record once: where it waits for another buffer, this sink has done its part.
      const buffered = settlement.stored.awaited.get(segment) ?? 0;
      ends.push([segment, buffered > 0 ? { delivered: live - buffered, buffered } : { delivered: live }]);
      continue;
    }
    const rejected =
      settlement.indexes === null ? Math.min(left, live) : countWithin(segment, settlement.indexes);
    left -= rejected;
    ends.push([segment, endsOf(settlement, live, rejected)]);
  }
  return ends;
}

function countWithin(segment: Segment, indexes: readonly number[]): number {
  let count = 0;
  for (const index of indexes) {
    if (index >= segment.first && index < segment.first + segment.count) count++;
  }
  return count;
}

/** Of two ends of the same records in two sinks, the one that is still open, else the one with fewer delivered. */
export function worse(a: Ends | null, b: Ends): Ends {
  if (b.buffered !== undefined) return b;
  if (a?.buffered !== undefined) return a;
  return a !== null && (a.delivered ?? 0) <= (b.delivered ?? 0) ? a : b;
}
