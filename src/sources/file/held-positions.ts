import type { Positions } from '../../component/source.ts';

/**
 * Stored positions of which changes can be held back, and then become known to the store all at once: an agent that is
 * killed in the middle of a look at its files must not find half of that look. Reads see what is held back.
 */
export class HeldPositions implements Positions {
  readonly #store: Positions;
  /** Values to be set; undefined: to be deleted. */
  #changes: Map<string, unknown> | undefined;

  constructor(store: Positions) {
    this.#store = store;
  }

  get damaged(): boolean {
    return this.#store.damaged === true;
  }

  /** Holds back what comes. Safe twice. */
  hold(): void {
    this.#changes ??= new Map();
  }

  /** Hands over what was held back, and holds back nothing more. Safe twice. */
  release(): void {
    const changes = this.#changes;
    this.#changes = undefined;
    for (const [key, value] of changes ?? []) {
      if (value === undefined) this.#store.delete(key);
      else this.#store.set(key, value);
    }
  }

  get(key: string): unknown {
    return this.#changes?.has(key) ? this.#changes.get(key) : this.#store.get(key);
  }

  *entries(): Iterable<[key: string, value: unknown]> {
    const changes = new Map(this.#changes);
    for (const [key, value] of this.#store.entries()) {
      if (!changes.has(key)) yield [key, value];
    }
    for (const [key, value] of changes) if (value !== undefined) yield [key, value];
  }

  set(key: string, value: unknown): void {
    if (this.#changes === undefined) this.#store.set(key, value);
    else this.#changes.set(key, value);
  }

  delete(key: string): void {
    if (this.#changes === undefined) this.#store.delete(key);
    else this.#changes.set(key, undefined);
  }
}
