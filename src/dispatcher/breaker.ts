/**
 * The circuit breaker of a sink's lane. Closed: everything is sent. A failure opens it: nothing is sent until a pause is
 * over that grows with each failure. Then it is half open: one attempt alone tries whether the sink works again; its
 * success closes the breaker, its failure opens it anew. It sends nothing itself; the lane asks and tells.
 */
import type { Clock } from '../component/clock.ts';
import type { SinkStatus } from '../component/status.ts';
import { backoffMs, type RetryPolicy } from './backoff.ts';

export type BreakerState = SinkStatus['breaker']['state'];

export interface BreakerOptions {
  readonly clock: Clock;
  readonly retry: RetryPolicy;
  /** A pause is over: attempts are allowed again. */
  readonly onPauseEnd: () => void;
}

export class Breaker {
  readonly #options: BreakerOptions;
  /** Failures since the sink last worked; those of attempts side by side count as one. */
  #failures = 0;
  #opened = 0;
  #pause: { readonly until: number; readonly cancel: () => void } | null = null;
  #since: number;

  constructor(options: BreakerOptions) {
    this.#options = options;
    this.#since = options.clock.now();
  }

  get state(): BreakerState {
    if (this.#pause !== null) return 'open';
    return this.#failures > 0 ? 'half_open' : 'closed';
  }

  /** How many attempts may be under way at once, of a sink that takes `concurrency`. */
  limit(concurrency: number): number {
    if (this.#pause !== null) return 0;
    return this.#failures > 0 ? 1 : concurrency;
  }

  /**
   * An attempt failed. `askedMs`: the pause that the destination asks for. While it is open already, only that lengthens
   * the pause: attempts that began before say nothing new.
   * @returns milliseconds until the next attempt.
   */
  fail(askedMs: number): number {
    const { clock, retry, onPauseEnd } = this.#options;
    const now = clock.now();
    if (this.#failures === 0) this.#opened++;
    const pauseMs =
      this.#pause === null
        ? backoffMs(retry, ++this.#failures, askedMs)
        : Math.max(this.#pause.until - now, askedMs);
    if (this.#pause === null) this.#since = now;
    this.#pause?.cancel();
    const cancel = clock.after(pauseMs, () => {
      this.#endPause();
      onPauseEnd();
    });
    this.#pause = { until: now + pauseMs, cancel };
    return pauseMs;
  }

  /**
   * The sink has answered. In a pause that only says how things were before the failure.
   * @returns whether that closed the breaker.
   */
  succeed(): boolean {
    if (this.state !== 'half_open') return false;
    this.#failures = 0;
    this.#since = this.#options.clock.now();
    return true;
  }

  /** Ends a pause at once, without the call of `onPauseEnd`. Returns whether there was one. */
  halfOpen(): boolean {
    if (this.#pause === null) return false;
    this.#endPause();
    return true;
  }

  status(): SinkStatus['breaker'] {
    const { clock } = this.#options;
    return {
      state: this.state,
      since: new Date(clock.toEpoch(this.#since)).toISOString(),
      opened: this.#opened,
      ...(this.#pause && { next_try_in_seconds: Math.max(0, this.#pause.until - clock.now()) / 1000 }),
    };
  }

  #endPause(): void {
    this.#pause?.cancel();
    this.#pause = null;
    this.#since = this.#options.clock.now();
  }
}
