/** A fixed set of things to hand out, last given first, so that few of them are hot in cache and resident in memory. */
export class Pool<T> {
  readonly size: number;
  readonly #free: T[];
  readonly #waiting: { resolve: (item: T) => void; signal: AbortSignal; onAbort: () => void }[] = [];

  constructor(items: readonly T[]) {
    this.size = items.length;
    this.#free = items.toReversed();
  }

  /** How many nobody holds. */
  get free(): number {
    return this.#free.length;
  }

  /** Takes one without waiting; undefined when none is free. */
  take(): T | undefined {
    return this.#free.pop();
  }

  /** Takes one, waiting behind those who asked before. Rejects with the signal's reason when aborted. */
  acquire(signal: AbortSignal): Promise<T> {
    if (signal.aborted) return Promise.reject(signal.reason);
    const item = this.#free.pop();
    if (item !== undefined) return Promise.resolve(item);
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(signal.reason);
      };
      const waiter = { resolve, signal, onAbort };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(waiter);
    });
  }

  give(item: T): void {
    const waiter = this.#waiting.shift();
    if (waiter === undefined) {
      this.#free.push(item);
      return;
    }
    waiter.signal.removeEventListener('abort', waiter.onAbort);
    waiter.resolve(item);
  }
}
