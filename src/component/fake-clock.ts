/**
 * A clock that tests move by hand. It never moves by itself: time passes only in `advance`.
 * Timers fire in the order of their times; those due at the same time in the order they were set.
 */
import type { Clock } from './clock.ts';

interface Timer {
  readonly at: number;
  readonly fire: () => void;
}

export class FakeClock implements Clock {
  readonly #epoch: number;
  readonly #timers = new Set<Timer>();
  readonly #watchers: { timers: number; resolve: () => void }[] = [];
  #now: number;

  /** `now`: the first monotonic reading; `epoch`: the wall time of monotonic 0, in milliseconds since 1970. */
  constructor(options: { now?: number; epoch?: number } = {}) {
    this.#now = options.now ?? 0;
    this.#epoch = options.epoch ?? 1_700_000_000_000;
  }

  now(): number {
    return this.#now;
  }

  toEpoch(monotonic: number): number {
    return this.#epoch + monotonic;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const onAbort = () => {
        cancel();
        reject(signal?.reason);
      };
      const cancel = this.after(ms, () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      });
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, ms), fire: callback };
    this.#timers.add(timer);
    for (const watcher of this.#watchers.splice(0)) {
      if (this.#timers.size >= watcher.timers) watcher.resolve();
      else this.#watchers.push(watcher);
    }
    return () => this.#timers.delete(timer);
  }

  /** How many timers and sleepers wait. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Resolves as soon as at least `timers` timers and sleepers wait: what was to be done before has been done. */
  waiting(timers = 1): Promise<void> {
    if (this.#timers.size >= timers) return Promise.resolve();
    return new Promise((resolve) => this.#watchers.push({ timers, resolve }));
  }

  /**
   * Moves time on by `ms`, stopping at every timer on the way, also at those that fired ones set. After each it gives
   * promises and callbacks of the event loop a turn, so that loops that sleep run as often as they would.
   */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await turn();
    for (let timer = this.#next(end); timer !== undefined; timer = this.#next(end)) {
      this.#timers.delete(timer);
      this.#now = Math.max(this.#now, timer.at);
      timer.fire();
      await turn();
    }
    this.#now = end;
  }

  #next(end: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.at <= end && (next === undefined || timer.at < next.at)) next = timer;
    }
    return next;
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
