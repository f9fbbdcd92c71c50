/**
 * A histogram with fixed buckets whose observations carry a weight, so that a batch of 5,000 records costs one call.
 * Used by PipelineMetrics per batch; read by `Samples` at a scrape.
 */
export class Histogram {
  readonly bounds: readonly number[];
  /** Observations by bucket, not cumulated; the last bucket has no bound. Exact up to 2^53. */
  readonly counts: Float64Array;
  sum = 0;

  /** @param bounds Upper bounds (inclusive) of the buckets, ascending. */
  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  /** Counts `value` as if it had been observed `weight` times. */
  observe(value: number, weight = 1): void {
    const { bounds } = this;
    let bucket = 0;
    while (bucket < bounds.length && value > bounds[bucket]!) bucket++;
    this.counts[bucket]! += weight;
    this.sum += value * weight;
  }
}
