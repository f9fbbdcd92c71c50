/** Upper bounds of buckets that several histograms share. */

/** Latencies of logs: the first step is less than `dispatcher.batch_timeout`, the last half an hour of an outage. */
export const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800] as const;
/** Sizes of batches. */
export const BYTES = [1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20] as const;
export const RECORDS = [1, 10, 100, 1000, 5000, 10_000, 50_000, 100_000] as const;
