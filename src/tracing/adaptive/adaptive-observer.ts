/**
 * Tells adaptive sampling how long logs take: an observer of the pipeline that the tracer forwards to. Reads no clock,
 * because the times are already on the batch; knows which batches wait, so that a sink that answers nothing is seen.
 */
import type { Observer } from '../../component/observer.ts';
import type { Batch } from '../../record/batch.ts';
import type { Delivery } from '../../record/delivery.ts';
import { LastAttempts, NEVER } from '../../record/last-attempts.ts';
import { liveCount } from '../../record/segment.ts';
import type { AdaptiveSampler, OldestAges } from './adaptive.ts';

/** A batch that not every sink has settled, and what sinks have settled of it. */
interface Waiting {
  readonly batch: Batch;
  readonly settled: Delivery[];
}

export class AdaptiveObserver implements Observer {
  readonly #sampler: Pick<AdaptiveSampler, 'enabled' | 'record' | 'recordSink' | 'recordAttempt'>;
  readonly #sinksOf: (source: string) => readonly string[];
  /** In the order of their numbers, so the first is the oldest. */
  readonly #waiting = new Map<number, Waiting>();
  readonly #lastAttempts = new LastAttempts();
  readonly #bufferAges: () => ReadonlyMap<string, number>;

  /**
   * @param sinksOf ids of the sinks that logs of a configured source go to.
   * @param bufferAges ages of the oldest logs in the disk buffers of sinks, in milliseconds: only the sinks wait for
   * those.
   */
  constructor(
    sampler: Pick<AdaptiveSampler, 'enabled' | 'record' | 'recordSink' | 'recordAttempt'>,
    sinksOf: (source: string) => readonly string[],
    bufferAges: () => ReadonlyMap<string, number> = () => new Map(),
  ) {
    this.#sampler = sampler;
    this.#sinksOf = sinksOf;
    this.#bufferAges = bufferAges;
  }

  processed(batch: Batch): void {
    if (batch.segments.some((segment) => liveCount(segment) > 0)) {
      this.#waiting.set(batch.id, { batch, settled: [] });
    }
  }

  attempted(delivery: Delivery): void {
    const attempt = delivery.attempts.at(-1);
    if (attempt !== undefined) this.#sampler.recordAttempt(delivery.sink, attempt.error !== undefined);
  }

  settled(delivery: Delivery): void {
    this.#waiting.get(delivery.batch.id)?.settled.push(delivery);
  }

  /** Also of logs that were traced, or not, in another run: what counts is that the sink has been slow. */
  replayed({ sink, segments, attempts }: Delivery): void {
    const endedAt = attempts.at(-1)?.endedAt;
    if (endedAt === undefined) return;
    for (const segment of segments) {
      this.#sampler.recordSink(sink, endedAt - segment.readAt, liveCount(segment));
    }
  }

  /** A log's latency in a sink ends with the last attempt of that sink, for the source with that of the last sink. */
  completed(batch: Batch, deliveries: readonly Delivery[]): void {
    this.#waiting.delete(batch.id);
    if (!this.#sampler.enabled) return;
    for (const delivery of deliveries) {
      const endedAt = delivery.attempts.at(-1)?.endedAt;
      // In a disk buffer nothing has ended yet.
      if (endedAt === undefined || delivery.stored) continue;
      for (const segment of delivery.segments) {
        this.#sampler.recordSink(delivery.sink, endedAt - segment.readAt, liveCount(segment));
      }
    }
    const endings = this.#lastAttempts.of(batch, deliveries);
    for (const segment of batch.segments) {
      const endedAt = endings[segment.index]!;
      if (endedAt === NEVER) continue;
      this.#sampler.record(segment.stream.source, endedAt - segment.readAt, liveCount(segment));
    }
  }

  /** What `AdaptiveSampler.start` asks for. */
  readonly ages = (now: number): OldestAges => {
    let agent = 0;
    const sources = new Map<string, number>();
    const sinks = new Map(
      this.#bufferAges()
        .entries()
        .filter(([, age]) => age > 0),
    );
    for (const waiting of this.#waiting.values()) {
      const age = now - waiting.batch.openedAt;
      for (const source of sourcesOf(waiting.batch)) {
        for (const sink of this.#sinksOf(source)) {
          if (isSettled(waiting, sink)) continue;
          agent = Math.max(agent, age);
          sources.set(source, Math.max(age, sources.get(source) ?? 0));
          sinks.set(sink, Math.max(age, sinks.get(sink) ?? 0));
        }
      }
    }
    return { agent, sources, sinks };
  };
}

/** Those of which records are left. */
function sourcesOf({ segments }: Batch): ReadonlySet<string> {
  return new Set(segments.filter((segment) => liveCount(segment) > 0).map(({ stream }) => stream.source));
}

/** Whether the sink has nothing of the batch left to settle. One with a disk buffer may have two deliveries: of what could be stored, and of the rest. */
function isSettled({ batch, settled }: Waiting, sink: string): boolean {
  return (
    settled.some((delivery) => delivery.sink === sink) &&
    batch.deliveries?.some((other) => other.sink === sink && !settled.includes(other)) !== true
  );
}
