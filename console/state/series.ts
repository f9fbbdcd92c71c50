/**
 * Values over time on one common time axis, bounded: the oldest make room. A reading that lacks a value leaves a gap
 * (null), which is never drawn as 0. Filled by history.ts.
 */
export type Value = number | null;

/** Times in seconds since 1970, and one array of values for each key that was asked for. */
export type Table = readonly [times: number[], ...values: Value[][]];

export class Series {
  readonly #capacity: number;
  readonly #times: number[] = [];
  readonly #values = new Map<string, Value[]>();

  /** @param capacity Most moments kept. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get length(): number {
    return this.#times.length;
  }

  /** Appends one moment; keys that are missing have a gap there. @param at Seconds since 1970. */
  add(at: number, values: ReadonlyMap<string, Value>): void {
    const moments = this.#times.push(at);
    for (const [key, value] of values) {
      const column = this.#values.get(key) ?? Array<Value>(moments - 1).fill(null);
      column.push(value);
      this.#values.set(key, column);
    }
    for (const column of this.#values.values()) if (column.length < moments) column.push(null);
    if (moments > this.#capacity) this.#forget(moments - this.#capacity);
  }

  /** @param from Seconds since 1970: moments before are left out. */
  table(keys: readonly string[], from = Number.NEGATIVE_INFINITY): Table {
    const start = this.#times.findIndex((at) => at >= from);
    if (start < 0) return [[], ...keys.map((): Value[] => [])];
    return [
      this.#times.slice(start),
      ...keys.map(
        (key) => this.#values.get(key)?.slice(start) ?? Array<Value>(this.#times.length - start).fill(null),
      ),
    ];
  }

  /** The last values of a key, oldest first. */
  tail(key: string, count: number): Value[] {
    return this.#values.get(key)?.slice(-count) ?? [];
  }

  clear(): void {
    this.#times.length = 0;
    this.#values.clear();
  }

  #forget(count: number): void {
    this.#times.splice(0, count);
    for (const [key, column] of this.#values) {
      column.splice(0, count);
      if (column.every((value) => value === null)) this.#values.delete(key);
    }
  }
}
