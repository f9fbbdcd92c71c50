/**
 * Says in the log which records a sink did not take: the first of a reason at once, later ones once a minute with their
 * number since. It counts nothing for the ledger.
 */
import type { Clock } from '../component/clock.ts';
import type { Logger } from '../component/logger.ts';
import type { Delivery } from '../record/delivery.ts';
import { segmentEnds } from './segment-ends.ts';
import type { Settlement } from './settlement.ts';

/** How often rejections for one reason are logged, in milliseconds. */
const LOG_EVERY_MS = 60_000;

/** What became of them, in words. */
const FATES = {
  dropped: { title: 'sink dropped', advice: '' },
  kept: { title: 'sink refused', advice: '; kept as dead letters (log-capturer dead-letters list)' },
  resent: { title: 'sink refused again', advice: '; they stay dead letters' },
} as const;

type Fate = keyof typeof FATES;

/** Rejections for one reason that are not logged yet. */
class Unlogged {
  readonly reason: string;
  readonly fate: Fate;
  records = 0;
  message = '';
  cancel: () => void = () => {};
  readonly sources = new Map<string, number>();

  constructor(reason: string, fate: Fate) {
    this.reason = reason;
    this.fate = fate;
  }

  add(delivery: Delivery, settlement: Settlement, message: string): void {
    this.records += settlement.rejected;
    this.message = message;
    for (const [{ stream }, { dropped, deadLettered = 0 }] of segmentEnds(delivery, settlement)) {
      const count = (dropped?.[settlement.reason] ?? 0) + deadLettered;
      if (count > 0) this.sources.set(stream.source, (this.sources.get(stream.source) ?? 0) + count);
    }
  }
}

export class RejectionLog {
  readonly #options: { readonly id: string; readonly clock: Clock; readonly log: Logger };
  /** By fate and reason; an entry lives for a minute after each line it logged. */
  readonly #unlogged = new Map<string, Unlogged>();

  constructor(options: { readonly id: string; readonly clock: Clock; readonly log: Logger }) {
    this.#options = options;
  }

  /** `message`: why, and what an operator can do about it. */
  add(delivery: Delivery, settlement: Settlement, message: string): void {
    const { reason, deadLettered } = settlement;
    const fate: Fate = deadLettered ? (delivery.resent ? 'resent' : 'kept') : 'dropped';
    const key = `${fate} ${reason}`;
    const known = this.#unlogged.get(key);
    const unlogged = known ?? new Unlogged(reason, fate);
    unlogged.add(delivery, settlement, message);
    if (known === undefined) this.#write(key, unlogged);
  }

  /** Logs what is left and stops the timers; safe twice. */
  close(): void {
    for (const unlogged of this.#unlogged.values()) {
      unlogged.cancel();
      if (unlogged.records > 0) this.#line(unlogged);
    }
    this.#unlogged.clear();
  }

  #write(key: string, unlogged: Unlogged): void {
    this.#line(unlogged);
    const next = new Unlogged(unlogged.reason, unlogged.fate);
    this.#unlogged.set(key, next);
    next.cancel = this.#options.clock.after(LOG_EVERY_MS, () => {
      if (next.records > 0) this.#write(key, next);
      else this.#unlogged.delete(key);
    });
  }

  #line({ reason, fate, records, sources, message }: Unlogged): void {
    const { id, log } = this.#options;
    const { title, advice } = FATES[fate];
    log.error(
      { sink: id, reason, records, sources: Object.fromEntries(sources) },
      `${title} ${records} ${records === 1 ? 'record' : 'records'}: ${message}${advice}`,
    );
  }
}
