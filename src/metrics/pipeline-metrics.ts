import type { Observer } from '../component/observer.ts';
import type { AgentStatus } from '../component/status.ts';
import type { Batch } from '../record/batch.ts';
import type { Delivery } from '../record/delivery.ts';
import { liveCount } from '../record/segment.ts';
import { definitions } from './definitions.ts';
import { Histogram } from './histogram.ts';
import type { Collector, Samples } from './samples.ts';

/** Most reasons counted for a sink on their own, so that no destination decides how many series there are. */
const MAX_REASONS = 32;

/** Ending of a segment that nobody tried to send. */
const NEVER = Number.NEGATIVE_INFINITY;

const LATENCY_BOUNDS = definitions.log_capturer_source_latency_seconds.buckets;
const SEND_BOUNDS = definitions.log_capturer_sink_send_duration_seconds.buckets;

/**
 * Measures what must be measured as it happens: sizes of batches, durations of sends, latency from reading to
 * acknowledgement. The dispatcher calls it once per batch or attempt; it reads no clock, because the times are
 * already on the batch. Whatever can be asked for later is not here but in status-metrics.ts.
 */
export class PipelineMetrics implements Observer, Collector {
  readonly #batchBytes = new Histogram(definitions.log_capturer_dispatcher_batch_bytes.buckets);
  readonly #batchRecords = new Histogram(definitions.log_capturer_dispatcher_batch_records.buckets);
  readonly #latencyBySource = new Map<string, Histogram>();
  readonly #durationBySink = new Map<string, Histogram>();
  readonly #errorsBySink = new Map<string, Map<string, number>>();
  #endings = new Float64Array(64);

  sealed(batch: Batch): void {
    this.#batchBytes.observe(batch.bytes);
    this.#batchRecords.observe(batch.count);
  }

  attempted(delivery: Delivery): void {
    const attempt = delivery.attempts.at(-1);
    if (attempt === undefined) return;
    const seconds = (attempt.endedAt - attempt.startedAt) / 1000;
    histogramOf(this.#durationBySink, delivery.sink, SEND_BOUNDS).observe(seconds);
    if (attempt.error !== undefined) this.#countError(delivery.sink, reasonOf(attempt.error));
  }

  /** A segment's latency ends with the last attempt of the last sink that selected it. */
  completed(batch: Batch, deliveries: readonly Delivery[]): void {
    const endings = this.#findEndings(batch, deliveries);
    for (const segment of batch.segments) {
      const endedAt = endings[segment.index]!;
      if (endedAt === NEVER) continue;
      const seconds = (endedAt - segment.readAt) / 1000;
      histogramOf(this.#latencyBySource, segment.stream.source, LATENCY_BOUNDS).observe(
        seconds,
        liveCount(segment),
      );
    }
  }

  collect(samples: Samples, { sources, sinks }: AgentStatus): void {
    samples.setHistogram('log_capturer_dispatcher_batch_bytes', this.#batchBytes);
    samples.setHistogram('log_capturer_dispatcher_batch_records', this.#batchRecords);
    for (const { id: source } of sources) {
      const latency = histogramOf(this.#latencyBySource, source, LATENCY_BOUNDS);
      samples.setHistogram('log_capturer_source_latency_seconds', latency, { source });
    }
    for (const { id: sink } of sinks) {
      const duration = histogramOf(this.#durationBySink, sink, SEND_BOUNDS);
      samples.setHistogram('log_capturer_sink_send_duration_seconds', duration, { sink });
      for (const [reason, count] of this.#errorsBySink.get(sink) ?? []) {
        samples.set('log_capturer_sink_errors_total', count, { sink, reason });
      }
    }
  }

  /** When each segment's last attempt ended; `NEVER`: no sink selected it or none tried. */
  #findEndings(batch: Batch, deliveries: readonly Delivery[]): Float64Array {
    const { segments } = batch;
    if (this.#endings.length < segments.length) this.#endings = new Float64Array(segments.length * 2);
    const endings = this.#endings.fill(NEVER, 0, segments.length);
    for (const delivery of deliveries) {
      const endedAt = delivery.attempts.at(-1)?.endedAt ?? NEVER;
      for (const { index } of delivery.segments) {
        if (endedAt > endings[index]!) endings[index] = endedAt;
      }
    }
    return endings;
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

function histogramOf(byId: Map<string, Histogram>, id: string, bounds: readonly number[]): Histogram {
  let histogram = byId.get(id);
  if (histogram === undefined) {
    histogram = new Histogram(bounds);
    byId.set(id, histogram);
  }
  return histogram;
}

/** The word a sink gave its error; an error without one is a fault in the sink's own code. */
function reasonOf(error: Error): string {
  return 'reason' in error && typeof error.reason === 'string' ? error.reason : 'unexpected';
}
