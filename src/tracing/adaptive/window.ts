/**
 * Latencies of the last minutes, as a ring of slices of a histogram and their sum, so that a percentile costs a walk
 * over one array and forgetting the oldest slice costs a subtraction. Kept by the detectors of adaptive sampling.
 * Never reads a clock: time moves in `advance`.
 *
 * Buckets are log-linear as in HdrHistogram: 32 to each doubling, so a bucket is at most 1/32 (3.1 %) of its value
 * wide; below 4 ms all are 0.125 ms. Latencies above a day count as a day.
 */

/** Buckets a millisecond is divided into at the low end. */
const UNITS_PER_MS = 8;
const SUB_BITS = 5;
const SUB_BUCKETS = 1 << SUB_BITS;
const MAX_UNITS = 24 * 3600e3 * UNITS_PER_MS;
const BUCKETS = bucketOf(MAX_UNITS / UNITS_PER_MS) + 1;

/** Most slices of a window: one with 1,440 would forget more smoothly than anybody could see. */
const MAX_SLICES = 24;

interface Slice {
  /** Made when the first latency comes: most slices of quiet sources stay empty. */
  counts: Float64Array | null;
  attempts: number;
  failures: number;
}

export class Window {
  readonly #slices: Slice[];
  readonly #sliceMs: number;
  readonly #sum = new Float64Array(BUCKETS);
  #count = 0;
  #attempts = 0;
  #failures = 0;
  #current = 0;
  #startedAt: number;

  /** @param now monotonic milliseconds at which the first slice begins. */
  constructor(windowMs: number, checkIntervalMs: number, now: number) {
    const slices = Math.min(MAX_SLICES, Math.max(1, Math.ceil(windowMs / checkIntervalMs)));
    this.#sliceMs = windowMs / slices;
    this.#slices = Array.from({ length: slices }, () => ({ counts: null, attempts: 0, failures: 0 }));
    this.#startedAt = now;
  }

  /** How many latencies are in the window. */
  get count(): number {
    return this.#count;
  }

  /** Nothing was recorded within the window. */
  get empty(): boolean {
    return this.#count === 0 && this.#attempts === 0;
  }

  /** Records `count` logs that took `latencyMs` each. */
  record(latencyMs: number, count: number): void {
    const slice = this.#slices[this.#current]!;
    slice.counts ??= new Float64Array(BUCKETS);
    const bucket = bucketOf(latencyMs);
    slice.counts[bucket]! += count;
    this.#sum[bucket]! += count;
    this.#count += count;
  }

  /** Records an attempt to deliver. */
  recordAttempt(failed: boolean): void {
    const slice = this.#slices[this.#current]!;
    slice.attempts++;
    this.#attempts++;
    if (failed) {
      slice.failures++;
      this.#failures++;
    }
  }

  /** Forgets what is older than the window at `now`. */
  advance(now: number): void {
    const passed = Math.floor((now - this.#startedAt) / this.#sliceMs);
    if (passed <= 0) return;
    this.#startedAt += passed * this.#sliceMs;
    for (let i = Math.min(passed, this.#slices.length); i > 0; i--) {
      this.#current = (this.#current + 1) % this.#slices.length;
      this.#forget(this.#slices[this.#current]!);
    }
  }

  /** The latency that the share `q` of all logs in the window did not exceed, in milliseconds; 0 without logs. */
  quantile(q: number): number {
    // From the top: the 99th percentile is near it.
    let above = this.#count * (1 - q);
    for (let bucket = BUCKETS - 1; bucket >= 0; bucket--) {
      above -= this.#sum[bucket]!;
      if (above < 0) return middleOf(bucket);
    }
    return 0;
  }

  /** Share of attempts in the window that failed; 0 without attempts. */
  get errorRatio(): number {
    return this.#attempts === 0 ? 0 : this.#failures / this.#attempts;
  }

  #forget(slice: Slice): void {
    if (slice.counts !== null) {
      for (let bucket = 0; bucket < BUCKETS; bucket++) {
        const count = slice.counts[bucket]!;
        if (count === 0) continue;
        this.#sum[bucket]! -= count;
        this.#count -= count;
      }
    }
    this.#attempts -= slice.attempts;
    this.#failures -= slice.failures;
    slice.counts = null;
    slice.attempts = 0;
    slice.failures = 0;
  }
}

function bucketOf(latencyMs: number): number {
  const units = Math.floor(Math.min(Math.max(0, latencyMs * UNITS_PER_MS), MAX_UNITS));
  if (units < SUB_BUCKETS) return units;
  const shift = 31 - SUB_BITS - Math.clz32(units);
  return ((shift + 1) << SUB_BITS) + ((units >> shift) & (SUB_BUCKETS - 1));
}

/** The middle of a bucket, in milliseconds. */
function middleOf(bucket: number): number {
  if (bucket < SUB_BUCKETS) return (bucket + 0.5) / UNITS_PER_MS;
  const shift = (bucket >> SUB_BITS) - 1;
  const lowest = (SUB_BUCKETS + (bucket & (SUB_BUCKETS - 1))) * 2 ** shift;
  return (lowest + 2 ** shift / 2) / UNITS_PER_MS;
}
