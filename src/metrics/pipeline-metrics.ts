import type { Observer } from '../component/observer.ts';
import type { AgentStatus } from '../component/status.ts';
import type { Batch } from '../record/batch.ts';
import type { Delivery } from '../record/delivery.ts';
import { LastAttempts, NEVER } from '../record/last-attempts.ts';
import { liveCount } from '../record/segment.ts';
import { definitions } from './definitions.ts';
import { type TracedLog, withExemplars } from './exemplars.ts';
import { Histogram, Histograms, type HistogramValues } from './histogram.ts';
import type { Collector, Samples } from './samples.ts';

/** Most reasons counted for a sink on their own, so that no destination decides how many series there are. */
const MAX_REASONS = 32;

export interface PipelineMetricsOptions {
  /** Monotonic milliseconds of the `Clock`. */
  readonly now?: () => number;
  /** Logs whose traces are remembered, the newest first. Asked once a scrape that can take exemplars. */
  readonly tracedLogs?: () => Iterable<TracedLog>;
}

/**
 * Measures what must be measured as it happens: sizes of batches, durations of sends, latency from reading to
 * acknowledgement. The dispatcher calls it once per batch or attempt; it reads no clock then, because the times are
 * already on the batch. Whatever can be asked for later is not here but in status-metrics.ts.
 */
export class PipelineMetrics implements Observer, Collector {
  readonly #now: () => number;
  readonly #tracedLogs: () => Iterable<TracedLog>;
  readonly #batchBytes = new Histogram(definitions.log_capturer_dispatcher_batch_bytes.buckets);
  readonly #batchRecords = new Histogram(definitions.log_capturer_dispatcher_batch_records.buckets);
  readonly #sourceLatency = new Histograms(definitions.log_capturer_source_latency_seconds.buckets);
  readonly #sinkLatency = new Histograms(definitions.log_capturer_sink_latency_seconds.buckets);
  readonly #sinkBytes = new Histograms(definitions.log_capturer_sink_batch_bytes.buckets);
  readonly #sinkRecords = new Histograms(definitions.log_capturer_sink_batch_records.buckets);
  readonly #duration = new Histograms(definitions.log_capturer_sink_send_duration_seconds.buckets);
  readonly #errorsBySink = new Map<string, Map<string, number>>();
  /** As many as there are slots, at most. */
  readonly #inFlight = new Set<Batch>();
  readonly #lastAttempts = new LastAttempts();

  constructor({ now = () => performance.now(), tracedLogs = () => [] }: PipelineMetricsOptions = {}) {
    this.#now = now;
    this.#tracedLogs = tracedLogs;
  }

  sealed(batch: Batch): void {
    this.#inFlight.add(batch);
    this.#batchBytes.observe(batch.bytes);
    this.#batchRecords.observe(batch.count);
  }

  attempted(delivery: Delivery): void {
    const attempt = delivery.attempts.at(-1);
    if (attempt === undefined) return;
    this.#duration.of(delivery.sink).observe((attempt.endedAt - attempt.startedAt) / 1000);
    if (attempt.error !== undefined) this.#countError(delivery.sink, reasonOf(attempt.error));
  }

  settled({ sink, segments, records, bytes, attempts, stored }: Delivery): void {
    // The sink has not been given it yet.
    if (stored) return;
    this.#sinkRecords.of(sink).observe(records);
    this.#sinkBytes.of(sink).observe(bytes);
    const endedAt = attempts.at(-1)?.endedAt;
    if (endedAt === undefined) return;
    const latency = this.#sinkLatency.of(sink);
    for (const segment of segments) latency.observe((endedAt - segment.readAt) / 1000, liveCount(segment));
  }

  /** A segment's latency ends with the last attempt of the last sink that selected it. */
  completed(batch: Batch, deliveries: readonly Delivery[]): void {
    this.#inFlight.delete(batch);
    const endings = this.#lastAttempts.of(batch, deliveries);
    for (const segment of batch.segments) {
      const endedAt = endings[segment.index]!;
      if (endedAt === NEVER) continue;
      const seconds = (endedAt - segment.readAt) / 1000;
      this.#sourceLatency.of(segment.stream.source).observe(seconds, liveCount(segment));
    }
  }

  collect(samples: Samples, { sources, sinks }: AgentStatus): void {
    samples.setHistogram('log_capturer_dispatcher_batch_bytes', this.#batchBytes);
    samples.setHistogram('log_capturer_dispatcher_batch_records', this.#batchRecords);
    const oldest = this.#oldestBySource();
    for (const { id: source } of sources) {
      samples.set('log_capturer_source_oldest_unacknowledged_seconds', oldest.get(source) ?? 0, { source });
    }
    for (const [source, latency] of this.#latencies(sources, samples.takesExemplars)) {
      samples.setHistogram('log_capturer_source_latency_seconds', latency, { source });
    }
    for (const { id: sink } of sinks) {
      samples.setHistogram('log_capturer_sink_latency_seconds', this.#sinkLatency.of(sink), { sink });
      samples.setHistogram('log_capturer_sink_batch_bytes', this.#sinkBytes.of(sink), { sink });
      samples.setHistogram('log_capturer_sink_batch_records', this.#sinkRecords.of(sink), { sink });
      samples.setHistogram('log_capturer_sink_send_duration_seconds', this.#duration.of(sink), { sink });
      for (const [reason, count] of this.#errorsBySink.get(sink) ?? []) {
        samples.set('log_capturer_sink_errors_total', count, { sink, reason });
      }
    }
  }

  #latencies(sources: AgentStatus['sources'], takesExemplars: boolean): ReadonlyMap<string, HistogramValues> {
    const latencies = new Map(sources.map(({ id }) => [id, this.#sourceLatency.of(id)]));
    return takesExemplars ? withExemplars(latencies, this.#tracedLogs()) : latencies;
  }

  /** Seconds since the oldest record of each source was read that not every sink is done with. */
  #oldestBySource(): ReadonlyMap<string, number> {
    const now = this.#now();
    const oldest = new Map<string, number>();
    for (const { segments } of this.#inFlight) {
      for (const { stream, readAt } of segments) {
        const seconds = Math.max(0, now - readAt) / 1000;
        oldest.set(stream.source, Math.max(seconds, oldest.get(stream.source) ?? 0));
      }
    }
    return oldest;
  }

  #countError(sink: string, reason: string): void {
    let counts = this.#errorsBySink.get(sink);
    if (counts === undefined) {
      counts = new Map();
      this.#errorsBySink.set(sink, counts);
    }
    const counted = counts.has(reason) || counts.size < MAX_REASONS ? reason : 'other';
    counts.set(counted, (counts.get(counted) ?? 0) + 1);
  }
}

/** The word a sink gave its error; an error without one is a fault in the sink's own code. */
function reasonOf(error: Error): string {
  return 'reason' in error && typeof error.reason === 'string' ? error.reason : 'unexpected';
}
