import type { Segment } from '../record/segment.ts';
import type { BatchInFlight } from './batch-in-flight.ts';

/** Records and bytes of batches that are not complete. Those in disk buffers are not among the records. */
export interface InFlightCounts {
  readonly records: number;
  readonly bytes: number;
  /** Records by source. */
  readonly bySource: ReadonlyMap<string, number>;
}

/** The batches that not every sink is done with, and those who wait for their end. Used by the dispatcher only. */
export class BatchesInFlight {
  readonly #batches = new Set<BatchInFlight>();
  readonly #waiters = new Map<string, (() => void)[]>();
  #onIdle: (() => void) | null = null;

  get size(): number {
    return this.#batches.size;
  }

  add(batch: BatchInFlight): void {
    this.#batches.add(batch);
  }

  delete(batch: BatchInFlight): void {
    this.#batches.delete(batch);
  }

  /** Tells those who wait; call when everything that follows from a batch's end is done. */
  settle(): void {
    if (this.#batches.size === 0) this.#onIdle?.();
    for (const [source, waiters] of this.#waiters) {
      if (this.#holds(source)) continue;
      this.#waiters.delete(source);
      for (const resolve of waiters) resolve();
    }
  }

  /** Resolves when there is none; for one who waits. */
  whenIdle(): Promise<void> {
    if (this.#batches.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onIdle = resolve;
    });
  }

  /** Resolves when none holds records of the source. */
  whenWithout(source: string): Promise<void> {
    if (!this.#holds(source)) return Promise.resolve();
    return new Promise((resolve) => {
      const waiters = this.#waiters.get(source);
      if (waiters === undefined) this.#waiters.set(source, [resolve]);
      else waiters.push(resolve);
    });
  }

  counts(): InFlightCounts {
    const bySource = new Map<string, number>();
    let records = 0;
    let bytes = 0;
    for (const batch of this.#batches) {
      bytes += batch.bytes;
      for (const segment of batch.segments) {
        const { source } = segment.stream;
        const count = inMemory(batch, segment);
        records += count;
        bySource.set(source, (bySource.get(source) ?? 0) + count);
      }
    }
    return { records, bytes, bySource };
  }

  #holds(source: string): boolean {
    return this.#batches.values().some((batch) => holdsSource(batch, source));
  }
}

/** Whether the batch has records of the source. */
export function holdsSource(batch: BatchInFlight, source: string): boolean {
  return batch.segments.some(({ stream }) => stream.source === source);
}

/** Records of a segment in memory that are not in the disk buffer their source's ledger waits for. */
export function inMemory(batch: BatchInFlight, { index, count }: Segment): number {
  return count - (batch.ends[index]?.buffered ?? 0);
}
