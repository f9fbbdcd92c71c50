import type { Delivery } from '../../record/delivery.ts';
import { liveCount, type Segment } from '../../record/segment.ts';

/** Parts of a delivery, counted in its live records. */

/** Live records `from` up to but without `to` of a delivery. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** Live records `from` to `from + count` of one segment; `offset` is the first one's place in the delivery. */
export interface Run {
  readonly segment: Segment;
  readonly from: number;
  readonly count: number;
  readonly offset: number;
}

/** The segments' parts that make up a range, in order. */
export function runsOf(delivery: Delivery, range: Range): Run[] {
  const runs: Run[] = [];
  let offset = 0;
  for (const segment of delivery.segments) {
    const live = liveCount(segment);
    const from = Math.max(0, range.from - offset);
    const to = Math.min(live, range.to - offset);
    if (from < to) runs.push({ segment, from, count: to - from, offset: offset + from });
    offset += live;
    if (offset >= range.to) break;
  }
  return runs;
}
