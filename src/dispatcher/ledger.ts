import type { LedgerStatus } from '../component/status.ts';

/** How some records ended; what is missing counts as 0. */
export interface Ends {
  delivered?: number;
  filtered?: number;
  deadLettered?: number;
  /** Not at their end: they wait in a sink's disk buffer, whose lane says how they end. */
  buffered?: number;
  /** By reason, a short stable word. */
  dropped?: Readonly<Record<string, number>>;
}

/**
 * Counts what came in and how it ended, for one source or one sink. What is in flight is not derived from these
 * counts but told by whoever holds the records, so that the two can disagree when something is wrong.
 */
export class Account {
  read = 0;
  readBytes = 0;
  delivered = 0;
  filtered = 0;
  deadLettered = 0;
  readonly dropped = new Map<string, number>();

  accept(records: number, bytes: number): void {
    this.read += records;
    this.readBytes += bytes;
  }

  finish(ends: Ends): void {
    this.delivered += ends.delivered ?? 0;
    this.filtered += ends.filtered ?? 0;
    this.deadLettered += ends.deadLettered ?? 0;
    for (const [reason, count] of Object.entries(ends.dropped ?? {})) {
      if (count > 0) this.dropped.set(reason, (this.dropped.get(reason) ?? 0) + count);
    }
  }

  /** @param inFlight records held right now, counted by whoever holds them. @param buffered those of them on disk. */
  status(inFlight: number, buffered = 0): LedgerStatus {
    let droppedTotal = 0;
    for (const count of this.dropped.values()) droppedTotal += count;
    return {
      read: this.read,
      read_bytes: this.readBytes,
      delivered: this.delivered,
      filtered: this.filtered,
      dead_lettered: this.deadLettered,
      dropped: Object.fromEntries(this.dropped),
      in_flight: inFlight,
      ...(buffered > 0 && { buffered }),
      balanced: this.read === this.delivered + this.filtered + this.deadLettered + droppedTotal + inFlight,
    };
  }
}
