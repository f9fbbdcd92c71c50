/**
 * What of a delivery its sink has not accepted, as segments of the same batch: what a disk buffer stores of one that was
 * partly sent. Changes nothing; used when a lane is closed.
 */
import type { Delivery } from '../record/delivery.ts';
import type { Segment } from '../record/segment.ts';
import type { Traced } from '../record/traced.ts';
import { givenUp } from './settlement.ts';

/** By segment of the delivery, where anything is left: what is. Records that were refused are left: no one has kept them. */
export function remainderOf(delivery: Delivery): Map<Segment, Segment> {
  const { indexes } = givenUp(delivery, '');
  const { lengths } = delivery.batch.slot;
  const left = new Map<Segment, Segment>();
  for (const segment of delivery.segments) {
    if (indexes === null) {
      left.set(segment, segment);
      continue;
    }
    const end = segment.first + segment.count;
    const live = Uint32Array.from(indexes.filter((row) => row >= segment.first && row < end)).sort();
    if (live.length === 0) continue;
    const bytes = live.reduce((sum, row) => sum + lengths[row]! + 1, 0);
    left.set(segment, { ...segment, bytes, live, traced: tracedAmong(segment.traced, live) });
  }
  return left;
}

function tracedAmong(traced: Traced | null, live: Uint32Array): Traced | null {
  if (traced === null) return null;
  if (traced.rows === null) return { ...traced, count: live.length };
  const chosen = new Set(live);
  const rows = traced.rows.filter((row) => chosen.has(row));
  return rows.length === 0 ? null : { ...traced, rows, count: rows.length };
}
