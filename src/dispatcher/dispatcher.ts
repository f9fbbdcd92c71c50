/**
 * The heart of a pipeline: joins chunks into batches, runs processors on them, hands them to every sink that
 * selects their segments, and commits positions once all sinks are done. It knows no concrete source, processor
 * or sink, and nothing of tracing or metrics: those watch as observers.
 */
import type { Clock } from '../component/clock.ts';
import type { Logger } from '../component/logger.ts';
import type { Observer } from '../component/observer.ts';
import type { Processor } from '../component/processor.ts';
import type { Sink } from '../component/sink.ts';
import type { Intake } from '../component/source.ts';
import type { LedgerStatus, SinkStatus } from '../component/status.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Pool } from '../kernel/pool.ts';
import type { Slot } from '../kernel/slot.ts';
import type { Chunk } from '../record/chunk.ts';
import type { Delivery } from '../record/delivery.ts';
import { liveCount, type Segment } from '../record/segment.ts';
import { Acknowledgements } from './acknowledgements.ts';
import type { RetryPolicy } from './backoff.ts';
import { BatchInFlight } from './batch-in-flight.ts';
import { Account } from './ledger.ts';
import { segmentEnds, worse } from './segment-ends.ts';
import { type Settlement, SinkLane } from './sink-lane.ts';

export interface DispatcherOptions {
  readonly kernel: Kernel;
  readonly clock: Clock;
  readonly log: Logger;
  /** Ids of the configured sources, each with its processors in order. */
  readonly sources: ReadonlyMap<string, readonly Processor[]>;
  readonly sinks: readonly {
    readonly id: string;
    readonly sink: Sink;
    readonly selects: (sourceId: string) => boolean;
  }[];
  readonly batchTimeoutMs: number;
  readonly retry: RetryPolicy;
  readonly observers: readonly Observer[];
}

/** A batch this full is sealed at once: what is left would hardly take another read. */
const SEAL_AT = 0.75;

export class Dispatcher implements Intake {
  readonly slots: Pool<Slot>;
  readonly #options: DispatcherOptions;
  readonly #lanes: readonly SinkLane[];
  readonly #accounts = new Map<string, Account>();
  readonly #acknowledgements = new Acknowledgements();
  readonly #inFlight = new Set<BatchInFlight>();
  #open: BatchInFlight | null = null;
  #cancelTimeout: () => void = () => {};
  #batches = 0;
  #recordsDone = 0;
  #bytesDone = 0;
  #onIdle: (() => void) | null = null;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.slots = options.kernel.slots;
    for (const id of options.sources.keys()) this.#accounts.set(id, new Account());
    this.#lanes = options.sinks.map(
      (sink) =>
        new SinkLane({
          ...sink,
          retry: options.retry,
          clock: options.clock,
          log: options.log,
          onAttempt: (delivery, retryInMs) => this.#notify((o) => o.attempted?.(delivery, retryInMs)),
          onSettled: (delivery, settlement) => this.#settle(delivery, settlement),
        }),
    );
  }

  /** Takes over a chunk: joins it to the open batch, or makes its slot the next one. */
  handle(chunk: Chunk): void {
    if (chunk.count === 0) {
      this.slots.give(chunk.slot);
      return;
    }
    let batch = this.#open;
    if (batch?.hasRoomFor(chunk)) {
      this.#options.kernel.appendRecords(
        batch.slot,
        batch.bytes,
        batch.count,
        chunk.slot,
        chunk.bytes,
        chunk.count,
      );
    } else {
      this.#seal();
      batch = this.#openWith(chunk.slot, chunk.readAt);
    }
    const segment = batch.append(chunk);
    batch.pending.push(this.#acknowledgements.track(segment));
    this.#accounts.get(chunk.stream.source)!.accept(chunk.count, chunk.bytes);
    this.#notify((o) => o.accepted?.(segment, batch));
    if (chunk.slot !== batch.slot) this.slots.give(chunk.slot);
    if (batch.bytes >= batch.slot.capacity * SEAL_AT || batch.count >= batch.slot.maxRecords * SEAL_AT) {
      this.#seal();
    }
  }

  /**
   * Seals what is open and waits until every sink is done, or until the deadline, after which the rest is abandoned:
   * it was not acknowledged, so it is read again at the next start.
   * @returns how many records were abandoned.
   */
  async drain(deadlineMs: number): Promise<number> {
    this.#seal();
    for (const lane of this.#lanes) lane.hurry();
    if (this.#inFlight.size > 0) {
      const deadline = new AbortController();
      const idle = new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
      const late = this.#options.clock.sleep(deadlineMs, deadline.signal).catch(() => {});
      await Promise.race([idle, late]);
      deadline.abort();
    }
    const left = this.#recordsInFlight();
    for (const lane of this.#lanes) lane.abandon();
    return left;
  }

  status(): {
    sources: ReadonlyMap<string, LedgerStatus>;
    sinks: ReadonlyMap<string, SinkStatus>;
    batches: number;
    batchesInFlight: number;
    recordsInFlight: number;
    bytesInFlight: number;
    recordsDone: number;
    bytesDone: number;
  } {
    const now = this.#options.clock.now();
    const held = new Map<string, number>();
    let bytesInFlight = 0;
    for (const batch of this.#inFlight) {
      bytesInFlight += batch.bytes;
      for (const { stream, count } of batch.segments) {
        held.set(stream.source, (held.get(stream.source) ?? 0) + count);
      }
    }
    return {
      sources: new Map([...this.#accounts].map(([id, account]) => [id, account.status(held.get(id) ?? 0)])),
      sinks: new Map(this.#lanes.map((lane) => [lane.id, lane.status(now)])),
      batches: this.#batches,
      batchesInFlight: this.#inFlight.size,
      recordsInFlight: this.#recordsInFlight(),
      bytesInFlight,
      recordsDone: this.#recordsDone,
      bytesDone: this.#bytesDone,
    };
  }

  #openWith(slot: Slot, readAt: number): BatchInFlight {
    const batch = new BatchInFlight(++this.#batches, slot, readAt);
    this.#open = batch;
    this.#inFlight.add(batch);
    this.#cancelTimeout = this.#options.clock.after(this.#options.batchTimeoutMs, () => this.#seal());
    return batch;
  }

  #seal(): void {
    const batch = this.#open;
    if (batch === null) return;
    this.#open = null;
    this.#cancelTimeout();
    batch.sealedAt = this.#options.clock.now();
    this.#notify((o) => o.sealed?.(batch));
    this.#processBatch(batch);
  }

  #processBatch(batch: BatchInFlight): void {
    for (const segment of batch.segments) this.#process(batch, segment);
    batch.processedAt = this.#options.clock.now();
    this.#notify((o) => o.processed?.(batch));

    for (const lane of this.#lanes) {
      const delivery = select(batch, lane);
      if (delivery !== null) batch.deliveries.push(delivery);
    }
    batch.unsettled = batch.deliveries.length;
    if (batch.unsettled === 0) this.#complete(batch);
    for (const delivery of batch.deliveries) {
      this.#lanes.find((lane) => lane.id === delivery.sink)!.enqueue(delivery);
    }
  }

  #process(batch: BatchInFlight, segment: Segment): void {
    for (const processor of this.#options.sources.get(segment.stream.source)!) {
      try {
        processor.process(batch, segment);
      } catch (error) {
        // A processor must not throw; if one does, its logs go on unprocessed rather than be lost.
        this.#options.log.error(
          { err: error, source: segment.stream.source },
          'a processor failed; its logs pass on',
        );
      }
    }
  }

  #settle(delivery: Delivery, settlement: Settlement): void {
    const batch = delivery.batch as BatchInFlight;
    const lane = this.#lanes.find((candidate) => candidate.id === delivery.sink)!;
    const { rejected, reason } = settlement;
    const ends = { delivered: delivery.records - rejected, dropped: { [reason]: rejected } };
    lane.account.finish(ends);
    for (const [segment, segmentEnd] of segmentEnds(delivery, settlement)) {
      batch.ends[segment.index] = worse(batch.ends[segment.index]!, segmentEnd);
    }
    const outcome = { delivered: ends.delivered, filtered: 0, deadLettered: 0, dropped: rejected };
    this.#notify((o) => o.settled?.(delivery, outcome, reason || undefined));
    batch.unsettled--;
    if (batch.unsettled === 0) this.#complete(batch);
  }

  #complete(batch: BatchInFlight): void {
    for (const segment of batch.segments) {
      const live = liveCount(segment);
      const account = this.#accounts.get(segment.stream.source)!;
      account.finish({ filtered: segment.count - live });
      account.finish(batch.ends[segment.index] ?? { dropped: { unrouted: live } });
    }
    this.#recordsDone += batch.count;
    this.#bytesDone += batch.bytes;
    this.#inFlight.delete(batch);
    this.#notify((o) => o.completed?.(batch, batch.deliveries));
    for (const pending of batch.pending) this.#acknowledgements.acknowledge(pending);
    this.slots.give(batch.slot);
    if (this.#inFlight.size === 0) this.#onIdle?.();
  }

  #recordsInFlight(): number {
    let records = 0;
    for (const batch of this.#inFlight) records += batch.count;
    return records;
  }

  #notify(tell: (observer: Observer) => void): void {
    for (const observer of this.#options.observers) {
      try {
        tell(observer);
      } catch (error) {
        this.#options.log.error({ err: error }, 'an observer of the pipeline failed');
      }
    }
  }
}

/** What a sink gets of a batch; null when nothing. */
function select(batch: BatchInFlight, lane: SinkLane): Delivery | null {
  const segments = batch.segments.filter(
    (segment) => liveCount(segment) > 0 && lane.selects(segment.stream.source),
  );
  if (segments.length === 0) return null;
  let records = 0;
  let bytes = 0;
  for (const segment of segments) {
    records += liveCount(segment);
    bytes += segment.bytes;
  }
  return { batch, sink: lane.id, segments, records, bytes, attempts: [], accepted: 0 };
}
