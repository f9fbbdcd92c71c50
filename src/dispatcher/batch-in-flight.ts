import type { Slot } from '../kernel/slot.ts';
import type { Batch, FieldsByRecord } from '../record/batch.ts';
import type { Chunk } from '../record/chunk.ts';
import type { Delivery } from '../record/delivery.ts';
import type { Segment } from '../record/segment.ts';
import { ContextRow } from '../record/traced.ts';
import type { Pending } from './acknowledgements.ts';
import type { Ends } from './ledger.ts';

/** A batch together with what the dispatcher must remember of it until every sink is done. */
export class BatchInFlight implements Batch {
  readonly id: number;
  readonly slot: Slot;
  readonly openedAt: number;
  readonly segments: Segment[] = [];
  /** Aligned with `segments`. */
  readonly pending: Pending[] = [];
  /** Aligned with `segments`: the worst end of the segment's live records in any sink so far; null: no sink took it. */
  readonly ends: (Ends | null)[] = [];
  readonly deliveries: Delivery[] = [];
  /** Aligned with `segments`: the sink whose disk buffer the source's ledger waits for. */
  readonly #claims: (string | undefined)[] = [];
  /** Deliveries that are not settled. */
  unsettled = 0;
  count = 0;
  bytes = 0;
  fields: FieldsByRecord | null = null;
  hasSeverities = false;
  hasTimestamps = false;
  hasContexts = false;
  sealedAt = 0;
  processedAt = 0;

  constructor(id: number, slot: Slot, openedAt: number) {
    this.id = id;
    this.slot = slot;
    this.openedAt = openedAt;
  }

  /** Whether the source's ledger waits for the disk buffer of this sink: that of the first which asks. */
  claim({ index }: Segment, sink: string): boolean {
    this.#claims[index] ??= sink;
    return this.#claims[index] === sink;
  }

  /** Whether the chunk's records fit behind those that are here. */
  hasRoomFor(chunk: Chunk): boolean {
    return this.bytes + chunk.bytes <= this.slot.capacity && this.count + chunk.count <= this.slot.maxRecords;
  }

  /** Adds the segment of a chunk whose records are in the slot already; brings their contexts along. */
  append(chunk: Chunk): Segment {
    if (chunk.hasContexts && chunk.slot !== this.slot) {
      const rows = chunk.slot.contexts.subarray(0, chunk.count * ContextRow.size);
      this.slot.contexts.set(rows, this.count * ContextRow.size);
    }
    const segment: Segment = {
      stream: chunk.stream,
      index: this.segments.length,
      first: this.count,
      count: chunk.count,
      bytes: chunk.bytes,
      address: this.slot.address + this.bytes,
      readAt: chunk.readAt,
      from: chunk.from,
      position: chunk.position,
      ...(chunk.hasContexts && { hasContexts: true }),
      live: null,
      rewritten: false,
      traced: null,
    };
    this.segments.push(segment);
    this.ends.push(null);
    this.count += chunk.count;
    this.bytes += chunk.bytes;
    return segment;
  }
}
