import type { Stream } from '../../record/stream.ts';

/**
 * A stream of the http source. A request's records go through one channel, which no other uses meanwhile unless all are
 * in use, so that a request waits for its own logs and not for those of others. All channels have the same id and
 * count positions together.
 */

/** Positions are bytes taken by the source since it started. */
export class Positions {
  taken = 0;
  committed = 0;
}

interface Waiter {
  readonly position: number;
  readonly resolve: () => void;
}

export class Channel implements Stream {
  readonly id: string;
  readonly source: string;
  readonly sourceType = 'http';
  readonly labels: Readonly<Record<string, string>>;
  /** Requests that use it. */
  users = 0;
  readonly #positions: Positions;
  readonly #unfinished: { readonly position: number; readonly bytes: number }[] = [];
  readonly #waiters: Waiter[] = [];

  constructor(id: string, labels: Readonly<Record<string, string>>, positions: Positions) {
    this.id = id;
    this.source = id;
    this.labels = labels;
    this.#positions = positions;
  }

  /** Gives the next `bytes` bytes their positions. */
  advance(bytes: number): { from: number; position: number } {
    const from = this.#positions.taken;
    const position = from + bytes;
    this.#positions.taken = position;
    this.#unfinished.push({ position, bytes });
    return { from, position };
  }

  commit(position: number): void {
    while (this.#unfinished.length > 0 && this.#unfinished[0]!.position <= position) {
      this.#positions.committed += this.#unfinished.shift()!.bytes;
    }
    while (this.#waiters.length > 0 && this.#waiters[0]!.position <= position) {
      this.#waiters.shift()!.resolve();
    }
  }

  /** Resolves when everything up to a position that `advance` gave has reached its end in every sink. */
  committed(position: number): Promise<void> {
    const done = this.#unfinished.length === 0 || this.#unfinished[0]!.position > position;
    if (done) return Promise.resolve();
    return new Promise((resolve) => {
      const waiter = { position, resolve };
      // Requests that share a channel may ask in another order than they handed over.
      const index = this.#waiters.findIndex((other) => other.position > position);
      this.#waiters.splice(index === -1 ? this.#waiters.length : index, 0, waiter);
    });
  }
}

export class Channels {
  readonly positions = new Positions();
  readonly #channels: readonly Channel[];

  /** @param count most requests that do not wait for one another. */
  constructor(id: string, labels: Readonly<Record<string, string>>, count: number) {
    this.#channels = Array.from({ length: count }, () => new Channel(id, labels, this.positions));
  }

  /** The first that nobody uses, else the one with the fewest users. Give it back with `release`. */
  take(): Channel {
    let chosen = this.#channels[0]!;
    for (const channel of this.#channels) {
      if (channel.users < chosen.users) chosen = channel;
      if (chosen.users === 0) break;
    }
    chosen.users++;
    return chosen;
  }

  release(channel: Channel): void {
    channel.users--;
  }
}
