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

/** How long one anchoring of wall time to monotonic time is used, in milliseconds. */
const ANCHOR_MS = 1000;

/** Longest time a timer of Node can wait, in milliseconds; one set to more fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The real clock. Wall time is anchored to monotonic time anew every second, so that it follows clock steps. */
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
      this.#offset = Date.now() - now;
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
