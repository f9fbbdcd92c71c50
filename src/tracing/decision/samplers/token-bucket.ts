/**
 * Bounds how many traces a second are made, on the monotonic clock. Holds what one second adds and never more, so that
 * a quiet hour buys no burst. Used by the decision and by tail keeping.
 */
import type { Clock } from '../../../component/clock.ts';

export class TokenBucket {
  readonly #clock: Pick<Clock, 'now'>;
  #perSecond: number;
  #tokens: number;
  #filledAt: number;

  /** @param perSecond more than 0; fractions count up to whole traces. */
  constructor(perSecond: number, clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
    this.#perSecond = perSecond;
    this.#tokens = Math.max(1, perSecond);
    this.#filledAt = clock.now();
  }

  /** Changes the rate; what was saved up stays, as far as it fits. */
  set perSecond(perSecond: number) {
    this.#fill();
    this.#perSecond = perSecond;
    this.#tokens = Math.min(this.#tokens, Math.max(1, perSecond));
  }

  /** Takes up to `wanted` and says how many: a whole number. */
  take(wanted: number): number {
    this.#fill();
    const granted = Math.max(0, Math.min(wanted, Math.floor(this.#tokens)));
    this.#tokens -= granted;
    return granted;
  }

  /** How many there are, with fractions; below 0 while `spend` took too many. */
  get available(): number {
    this.#fill();
    return this.#tokens;
  }

  /** Takes that many even if there are fewer: what is missing is paid back by waiting. */
  spend(count: number): void {
    this.#tokens -= count;
  }

  #fill(): void {
    const now = this.#clock.now();
    const added = ((now - this.#filledAt) / 1000) * this.#perSecond;
    this.#tokens = Math.min(this.#tokens + added, Math.max(1, this.#perSecond));
    this.#filledAt = now;
  }
}
