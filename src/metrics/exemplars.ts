/**
 * Picks examples for the buckets of latency histograms: logs whose trace can be looked up at this moment. Done at a
 * scrape that can take exemplars (OpenMetrics), so that the path of logs knows nothing of it.
 */
import type { Exemplar, HistogramValues } from './histogram.ts';

/** A log whose trace is remembered; tracing gives them, the newest first. */
export interface TracedLog {
  /** Configured source. */
  readonly source: string;
  /** 32 hexadecimal digits. */
  traceId(): string;
  /** From reading the log to its last acknowledgement. */
  readonly seconds: number;
  /** Milliseconds since 1970. */
  readonly endedAtMs: number;
}

/** The histograms with the newest example for each of their buckets that has observations. Keyed by source. */
export function withExemplars(
  histograms: ReadonlyMap<string, HistogramValues>,
  logs: Iterable<TracedLog>,
): ReadonlyMap<string, HistogramValues> {
  const exemplars = new Map<string, (Exemplar | undefined)[]>();
  let wanted = 0;
  for (const [source, { counts }] of histograms) {
    exemplars.set(source, Array.from({ length: counts.length }));
    for (const count of counts) if (count > 0) wanted++;
  }
  for (const log of logs) {
    if (wanted === 0) break;
    const histogram = histograms.get(log.source);
    const found = exemplars.get(log.source);
    if (histogram === undefined || found === undefined) continue;
    const bucket = bucketOf(histogram.bounds, log.seconds);
    if (found[bucket] !== undefined || histogram.counts[bucket] === 0) continue;
    found[bucket] = {
      labelSet: { trace_id: log.traceId() },
      value: log.seconds,
      timestamp: log.endedAtMs / 1000,
    };
    wanted--;
  }
  return new Map(
    [...histograms].map(([source, histogram]) => [
      source,
      {
        bounds: histogram.bounds,
        counts: histogram.counts,
        sum: histogram.sum,
        exemplars: exemplars.get(source)!,
      },
    ]),
  );
}

/** The first whose upper bound (inclusive) is not below the value; the last one has no bound. */
function bucketOf(bounds: readonly number[], value: number): number {
  const bucket = bounds.findIndex((bound) => value <= bound);
  return bucket === -1 ? bounds.length : bucket;
}
