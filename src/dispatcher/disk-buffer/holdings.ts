import type { FrameHead } from './payload.ts';

/** Records and their bytes as read. */
export interface Amount {
  records: number;
  bytes: number;
}

/**
 * Counts what a file, or a whole buffer, holds: all of it, and by source what the ledger of the source waits for.
 */
export class Holdings {
  records = 0;
  bytes = 0;
  /** When the oldest of them was read, in milliseconds since 1970; those that were subtracted count still. */
  readAt = Number.POSITIVE_INFINITY;
  readonly bySource = new Map<string, Amount>();

  add(other: Holdings): void {
    this.records += other.records;
    this.bytes += other.bytes;
    this.readAt = Math.min(this.readAt, other.readAt);
    for (const [source, { records, bytes }] of other.bySource) {
      const amount = this.bySource.get(source);
      if (amount === undefined) this.bySource.set(source, { records, bytes });
      else {
        amount.records += records;
        amount.bytes += bytes;
      }
    }
  }

  subtract(other: Holdings): void {
    this.records -= other.records;
    this.bytes -= other.bytes;
    for (const [source, { records, bytes }] of other.bySource) {
      const amount = this.bySource.get(source)!;
      amount.records -= records;
      amount.bytes -= bytes;
      if (amount.records === 0) this.bySource.delete(source);
    }
  }
}

/** What a frame holds. */
export function holdingsOf({ runs, streams }: Pick<FrameHead, 'runs' | 'streams'>): Holdings {
  const holdings = new Holdings();
  for (const { stream, records, bytes, read_at, counts } of runs) {
    const one = new Holdings();
    one.records = records;
    one.bytes = bytes;
    one.readAt = read_at;
    if (counts) one.bySource.set(streams[stream]!.source, { records, bytes });
    holdings.add(one);
  }
  return holdings;
}
