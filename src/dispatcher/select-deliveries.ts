import type { Delivery } from '../record/delivery.ts';
import { liveCount, type Segment } from '../record/segment.ts';
import type { BatchInFlight } from './batch-in-flight.ts';
import type { Lane } from './lane.ts';

/** What a sink gets of a batch: all of it at once, but for what its disk buffer may have to take. */
export function selectDeliveries(batch: BatchInFlight, lane: Lane): Delivery[] {
  const segments = batch.segments.filter(
    (segment) => liveCount(segment) > 0 && lane.selects(segment.stream.source),
  );
  const stored = segments.filter(({ stream }) => lane.stores(stream));
  const parts =
    stored.length === 0 ? [segments] : [segments.filter((each) => !stored.includes(each)), stored];
  return parts.filter((part) => part.length > 0).map((part) => deliveryOf(batch, lane, part));
}

function deliveryOf(batch: BatchInFlight, lane: Lane, segments: readonly Segment[]): Delivery {
  let records = 0;
  let bytes = 0;
  for (const segment of segments) {
    records += liveCount(segment);
    bytes += segment.bytes;
  }
  return { batch, sink: lane.id, segments, records, bytes, attempts: [], accepted: 0 };
}
