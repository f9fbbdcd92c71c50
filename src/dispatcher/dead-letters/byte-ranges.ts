/**
 * Which bytes of a file are done: ranges that do not touch each other, in order. What was sent again of a dead-letter
 * file is kept as such, because letters that are refused once more leave gaps.
 */

export type ByteRange = readonly [from: number, to: number];

export class ByteRanges {
  #ranges: ByteRange[] = [];

  constructor(ranges: Iterable<ByteRange> = []) {
    for (const [from, to] of ranges) this.add(from, to);
  }

  get list(): readonly ByteRange[] {
    return this.#ranges;
  }

  /** Bytes in all ranges together. */
  get bytes(): number {
    return this.#ranges.reduce((sum, [from, to]) => sum + to - from, 0);
  }

  /** Whether `from` to `to` (exclusive) is covered. */
  has(from: number, to: number): boolean {
    const range = this.#ranges[this.#search(from)];
    return range !== undefined && range[0] <= from && to <= range[1];
  }

  add(from: number, to: number): void {
    if (to <= from) return;
    const first = this.#search(from);
    let last = first;
    let begin = from;
    let end = to;
    for (; last < this.#ranges.length && this.#ranges[last]![0] <= to; last++) {
      begin = Math.min(begin, this.#ranges[last]![0]);
      end = Math.max(end, this.#ranges[last]![1]);
    }
    this.#ranges.splice(first, last - first, [begin, end]);
  }

  /** Index of the first range that ends at `at` or behind it. */
  #search(at: number): number {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#ranges[middle]![1] < at) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
