import type { Clock } from '../../component/clock.ts';
import { liveRow } from '../../component/lines.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { Delivery } from '../../record/delivery.ts';
import { recordUid } from '../../record/record-uid.ts';
import { liveCount, type Segment } from '../../record/segment.ts';
import { stampOf } from '../../record/stamp.ts';
import type { Settlement } from '../settlement.ts';
import { bytesToKeys, type DeadLetter } from './dead-letter.ts';

export interface LettersContext {
  readonly kernel: Pick<Kernel, 'bytes' | 'traceId' | 'spanId'>;
  readonly clock: Pick<Clock, 'now' | 'toEpoch'>;
}

/**
 * The dead letters of a delivery: of the records that its settlement rejects, in order. Where the sink gave their number
 * but did not name them, of all records: what cannot be told apart must not be lost.
 */
export function* lettersOf(
  delivery: Delivery,
  settlement: Settlement,
  message: string,
  { kernel, clock }: LettersContext,
): Generator<DeadLetter> {
  const { batch, sink, records } = delivery;
  const { slot } = batch;
  const { rejected, indexes, reason } = settlement;
  const rows = indexes === null ? null : new Set(indexes);
  const common = {
    dead_lettered_at: textOf(clock.toEpoch(clock.now())),
    sink,
    reason,
    message,
    attempts: delivery.attempts.length,
    ...(rows === null && rejected < records && { uncertain: { refused: rejected, of: records } }),
  };
  for (const segment of delivery.segments) {
    const { stream, traced } = segment;
    const readAtMs = clock.toEpoch(segment.readAt);
    const labels = Object.keys(stream.labels).length === 0 ? undefined : stream.labels;
    for (let i = 0; i < liveCount(segment); i++) {
      const row = liveRow(segment, i);
      if (rows !== null && !rows.has(row)) continue;
      const offset = segment.from + offsetIn(segment, slot.starts[row]!);
      // Its trace counts also where sinks are not to write it into the record.
      const ids = traced === null ? undefined : stampOf(kernel, slot, { ...traced, stamp: 'trace_id' }, row);
      const fields = batch.fields?.at(row);
      const severity = batch.hasSeverities ? slot.severities[row]! : 0;
      const timestamp = batch.hasTimestamps ? slot.timestamps[row]! : 0n;
      const flags = slot.flags[row]!;
      const start = slot.starts[row]!;
      yield {
        ...common,
        source: stream.source,
        source_type: stream.sourceType,
        stream: stream.id,
        ...(stream.path !== undefined && { path: stream.path }),
        offset,
        read_at: textOf(readAtMs),
        uid: recordUid(stream, readAtMs, BigInt(offset)),
        ...(labels && { labels }),
        ...(ids && { trace_id: ids.trace_id }),
        ...(severity !== 0 && { severity }),
        ...(timestamp !== 0n && { timestamp_ns: String(timestamp) }),
        ...(fields && { fields }),
        ...(flags !== 0 && { flags }),
        ...bytesToKeys(kernel.bytes.subarray(start, start + slot.lengths[row]!)),
      };
    }
  }
}

/** Where a record lies in its segment; of one whose text a processor replaced nothing is known but the segment. */
function offsetIn({ address, bytes, rewritten }: Segment, start: number): number {
  return rewritten && (start < address || start >= address + bytes) ? 0 : start - address;
}

function textOf(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
