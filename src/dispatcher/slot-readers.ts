/**
 * Knows which slots are being read, by attempts and by writes of dead letters, so that none goes back to the pool, to be
 * filled anew, under one that goes on after its delivery was given up: a file write cannot be taken back from the system.
 * One that never ends keeps its slot.
 */
import type { Pool } from '../kernel/pool.ts';
import type { Slot } from '../kernel/slot.ts';

interface Reading {
  readers: number;
  /** What waits for the last one's end. */
  readonly waiting: (() => void)[];
}

export class SlotReaders {
  readonly #slots: Pick<Pool<Slot>, 'give'>;
  readonly #readings = new Map<Slot, Reading>();

  constructor(slots: Pick<Pool<Slot>, 'give'>) {
    this.#slots = slots;
  }

  /** Counts as reading the slot until the promise that `read` returns is settled, which is the one returned. */
  async during<Result>(slot: Slot, read: () => Promise<Result>): Promise<Result> {
    const reading = this.#readings.get(slot) ?? { readers: 0, waiting: [] };
    this.#readings.set(slot, reading);
    reading.readers++;
    try {
      return await read();
    } finally {
      reading.readers--;
      if (reading.readers === 0) {
        this.#readings.delete(slot);
        for (const action of reading.waiting) action();
      }
    }
  }

  /** Does it at once when nobody reads the slot, else when the last one has ended. */
  whenUnread(slot: Slot, action: () => void): void {
    const reading = this.#readings.get(slot);
    if (reading === undefined) action();
    else reading.waiting.push(action);
  }

  /** Gives the slot back to the pool as soon as nobody reads it. */
  give(slot: Slot): void {
    this.whenUnread(slot, () => this.#slots.give(slot));
  }
}
