/**
 * Says in the log which records a sink's lane gave up: the first of a reason at once, later ones once a minute with
 * their number since. It counts nothing for the ledger.
 */
import type { Clock } from '../component/clock.ts';
import type { Logger } from '../component/logger.ts';
import type { Delivery } from '../record/delivery.ts';
import { segmentEnds } from './segment-ends.ts';
import type { Settlement } from './sink-lane.ts';

/** How often drops of one reason are logged, in milliseconds. */
const LOG_EVERY_MS = 60_000;

/** Drops of one reason that are not logged yet. */
class Unlogged {
  records = 0;
  message = '';
  cancel: () => void = () => {};
  readonly sources = new Map<string, number>();

  add(delivery: Delivery, settlement: Settlement, message: string): void {
    this.records += settlement.rejected;
    this.message = message;
    for (const [{ stream }, { dropped }] of segmentEnds(delivery, settlement)) {
      const count = dropped?.[settlement.reason] ?? 0;
      if (count > 0) this.sources.set(stream.source, (this.sources.get(stream.source) ?? 0) + count);
    }
  }
}

export class DropLog {
  readonly #options: { readonly id: string; readonly clock: Clock; readonly log: Logger };
  /** By reason; an entry lives for a minute after each line it logged. */
  readonly #unlogged = new Map<string, Unlogged>();

  constructor(options: { readonly id: string; readonly clock: Clock; readonly log: Logger }) {
    this.#options = options;
  }

  /** `message`: why, and what an operator can do about it. */
  add(delivery: Delivery, settlement: Settlement, message: string): void {
    const { reason } = settlement;
    const known = this.#unlogged.get(reason);
    const unlogged = known ?? new Unlogged();
    unlogged.add(delivery, settlement, message);
    if (known === undefined) this.#write(reason, unlogged);
  }

  /** Logs what is left and stops the timers; safe twice. */
  close(): void {
    for (const [reason, unlogged] of this.#unlogged) {
      unlogged.cancel();
      if (unlogged.records > 0) this.#line(reason, unlogged);
    }
    this.#unlogged.clear();
  }

  #write(reason: string, unlogged: Unlogged): void {
    this.#line(reason, unlogged);
    const next = new Unlogged();
    this.#unlogged.set(reason, next);
    next.cancel = this.#options.clock.after(LOG_EVERY_MS, () => {
      if (next.records > 0) this.#write(reason, next);
      else this.#unlogged.delete(reason);
    });
  }

  #line(reason: string, { records, sources, message }: Unlogged): void {
    const { id, log } = this.#options;
    log.error(
      { sink: id, reason, records, sources: Object.fromEntries(sources) },
      `sink dropped ${records} ${records === 1 ? 'record' : 'records'}: ${message}`,
    );
  }
}
