/** Time, injected so that tests can move it. Read it per batch or chunk, never per log: a reading costs 40 ns. */
export interface Clock {
  /** Monotonic milliseconds with fractions; unaffected by changes of the system's clock. */
  now(): number;
  /** Milliseconds since 1970, with fractions, of a monotonic reading. */
  toEpoch(monotonic: number): number;
  /** Resolves after `ms`, but no later than after 24.8 days; rejects with the signal's reason when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls back once after `ms`, but no later than after 24.8 days; the returned function cancels. Does not keep the process alive. */
  after(ms: number, callback: () => void): () => void;
}

/** How often wall time is compared with monotonic time, in milliseconds. */
const ANCHOR_MS = 1000;

/** What they may differ by, in milliseconds: more than the whole milliseconds of `Date.now` make them differ. */
const DRIFT_MS = 2;

/** Longest time a timer of Node can wait, in milliseconds; one set to more fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * The real clock. Wall time is compared with monotonic time every second and anchored to it anew when the system's clock
 * was stepped or has drifted; as long as it was not, one monotonic reading is always the same wall time.
 */
export class SystemClock implements Clock {
  #anchoredAt = Number.NEGATIVE_INFINITY;
  #offset = 0;

  now(): number {
    return performance.now();
  }

  toEpoch(monotonic: number): number {
    const now = performance.now();
    if (now - this.#anchoredAt > ANCHOR_MS) {
      this.#anchoredAt = now;
      const offset = Date.now() - now;
      if (Math.abs(offset - this.#offset) > DRIFT_MS) this.#offset = offset;
    }
    return monotonic + this.#offset;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const onAbort = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(
        () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
        Math.min(ms, MAX_TIMER_MS),
      );
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  after(ms: number, callback: () => void): () => void {
    const timer = setTimeout(callback, Math.min(ms, MAX_TIMER_MS));
    timer.unref();
    return () => clearTimeout(timer);
  }
}
