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

/** A batch that not every sink has settled. */
interface Waiting {
  readonly openedAt: number;
  readonly sources: ReadonlySet<string>;
  readonly settled: Set<Delivery>;
  /** Those that have nothing of it left to settle. */
  readonly settledSinks: Set<string>;
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
    const sources = new Set<string>();
    let last = '';
    for (const segment of batch.segments) {
      const { source } = segment.stream;
      if (source === last || liveCount(segment) === 0) continue;
      last = source;
      sources.add(source);
    }
    if (sources.size > 0) {
      const { openedAt } = batch;
      this.#waiting.set(batch.id, { openedAt, sources, settled: new Set(), settledSinks: new Set() });
    }
  }

  attempted(delivery: Delivery): void {
    const attempt = delivery.attempts.at(-1);
    if (attempt !== undefined) this.#sampler.recordAttempt(delivery.sink, attempt.error !== undefined);
  }

  settled(delivery: Delivery): void {
    const { sink, batch } = delivery;
    const waiting = this.#waiting.get(batch.id);
    if (waiting === undefined) return;
    const { settled, settledSinks } = waiting;
    settled.add(delivery);
    // A sink with a disk buffer may have two: of what could be stored, and of the rest.
    const isLeft = batch.deliveries?.some((other) => other.sink === sink && !settled.has(other));
    if (!isLeft) settledSinks.add(sink);
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
    for (const { openedAt, sources: batchSources, settledSinks } of this.#waiting.values()) {
      const age = now - openedAt;
      for (const source of batchSources) {
        for (const sink of this.#sinksOf(source)) {
          if (settledSinks.has(sink)) continue;
          agent = Math.max(agent, age);
          sources.set(source, Math.max(age, sources.get(source) ?? 0));
          sinks.set(sink, Math.max(age, sinks.get(sink) ?? 0));
        }
      }
    }
    return { agent, sources, sinks };
  };
}
