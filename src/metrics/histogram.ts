/** An observation that stands for the others of its bucket, and leads to a trace (OpenMetrics 1.0, "Exemplars"). */
export interface Exemplar {
  readonly labelSet: Readonly<Record<string, string>>;
  readonly value: number;
  /** Seconds since 1970. */
  readonly timestamp: number;
}

/** A histogram as it is exposed. */
export interface HistogramValues {
  /** Upper bounds (inclusive) of the buckets, ascending. */
  readonly bounds: readonly number[];
  /** Observations by bucket, not cumulated; the last bucket has no bound. */
  readonly counts: Float64Array;
  readonly sum: number;
  /** By bucket. */
  readonly exemplars?: readonly (Exemplar | undefined)[];
}

/**
 * A histogram with fixed buckets whose observations carry a weight, so that a batch of 5,000 records costs one call.
 * Used by PipelineMetrics per batch; read by `Samples` at a scrape. Exact up to 2^53 observations.
 */
export class Histogram implements HistogramValues {
  readonly bounds: readonly number[];
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

/** Histograms of the same buckets by an id, made when they are first asked for. */
export class Histograms {
  readonly #bounds: readonly number[];
  readonly #byId = new Map<string, Histogram>();

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
  }

  of(id: string): Histogram {
    let histogram = this.#byId.get(id);
    if (histogram === undefined) {
      histogram = new Histogram(this.#bounds);
      this.#byId.set(id, histogram);
    }
    return histogram;
  }
}
