/** Latencies of a time, in a histogram with buckets of equal width on a logarithmic scale. Filled per segment, never per log. */

/** Buckets for each doubling: a percentile is at most 9 % above the true one. */
const PER_DOUBLING = 8;
/** From 0.06 ms (2^-4) to 18 hours (2^26 ms). */
const LOWEST_EXPONENT = -4;
const BUCKETS = 30 * PER_DOUBLING;

/** The bucket of so many milliseconds. */
export function bucketOf(ms: number): number {
  const exponent = Math.log2(Math.max(ms, 2 ** LOWEST_EXPONENT)) - LOWEST_EXPONENT;
  return Math.min(BUCKETS - 1, Math.floor(exponent * PER_DOUBLING));
}

export class Latencies {
  readonly #counts = new Float64Array(BUCKETS);
  #total = 0;

  /** @param bucket as `bucketOf` gave it. */
  add(bucket: number, count: number): void {
    this.#counts[bucket]! += count;
    this.#total += count;
  }

  /** Milliseconds, the upper end of the bucket; NaN: nothing was added. @param part 0 to 1. */
  percentile(part: number): number {
    let left = this.#total * part;
    for (let i = 0; i < BUCKETS && this.#total > 0; i++) {
      left -= this.#counts[i]!;
      if (left <= 0 && this.#counts[i]! > 0) return 2 ** ((i + 1) / PER_DOUBLING + LOWEST_EXPONENT);
    }
    return Number.NaN;
  }

  clear(): void {
    if (this.#total === 0) return;
    this.#counts.fill(0);
    this.#total = 0;
  }
}
