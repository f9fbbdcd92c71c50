/**
 * The heart of a pipeline: joins chunks into batches, runs processors on them, hands them to every sink that
 * selects their segments, and commits positions once all sinks are done. It knows no concrete source, processor
 * or sink, and nothing of tracing or metrics: those watch as observers.
 */
import type { Clock } from '../component/clock.ts';
import type { Logger } from '../component/logger.ts';
import type { Observer, Outcome } from '../component/observer.ts';
import type { Processor } from '../component/processor.ts';
import type { Intake } from '../component/source.ts';
import type { LedgerStatus, SinkStatus } from '../component/status.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Pool } from '../kernel/pool.ts';
import type { Slot } from '../kernel/slot.ts';
import type { Batch } from '../record/batch.ts';
import type { Chunk } from '../record/chunk.ts';
import type { Delivery } from '../record/delivery.ts';
import { liveCount } from '../record/segment.ts';
import { Acknowledgements } from './acknowledgements.ts';
import type { RetryPolicy } from './backoff.ts';
import { BatchInFlight } from './batch-in-flight.ts';
import { BatchesInFlight, holdsSource, inMemory } from './batches-in-flight.ts';
import { Branches, type BufferPlace, type SinkEntry } from './branches.ts';
import type { Lane } from './lane.ts';
import { Account, type Ends } from './ledger.ts';
import { Observers } from './observers.ts';
import { runProcessors } from './run-processors.ts';
import { segmentEnds, worse } from './segment-ends.ts';
import { selectDeliveries } from './select-deliveries.ts';
import { endsOf, type Settlement } from './settlement.ts';
import type { DeadLetters } from './sink-lane.ts';
import { SlotReaders } from './slot-readers.ts';
import { within } from './within.ts';

export interface DispatcherOptions {
  readonly kernel: Kernel;
  readonly clock: Clock;
  readonly log: Logger;
  /** Ids of the configured sources, each with its processors in order. */
  readonly sources: ReadonlyMap<string, readonly Processor[]>;
  readonly sinks: readonly SinkEntry[];
  readonly batchTimeoutMs: number;
  readonly retry: RetryPolicy;
  /** Where records that sinks refuse are kept; absent: they are dropped. */
  readonly deadLetters?: DeadLetters | undefined;
  readonly observers: readonly Observer[];
  /** Absent: no sink has a buffer on disk. */
  readonly buffers?: BufferPlace | undefined;
}

/** A batch this full is sealed at once: what is left would hardly take another read. */
const SEAL_AT = 0.75;

export class Dispatcher implements Intake {
  readonly slots: Pool<Slot>;
  readonly #options: DispatcherOptions;
  readonly #branches: Branches;
  readonly #processors: Map<string, readonly Processor[]>;
  /** By id, also of sources that were removed: counters never go back. */
  readonly #accounts = new Map<string, Account>();
  #batchTimeoutMs: number;
  readonly #acknowledgements = new Acknowledgements();
  readonly #inFlight = new BatchesInFlight();
  readonly #observers: Observers;
  readonly #readers: SlotReaders;
  /** Dead letters on their way again, and who waits for their end. */
  readonly #resent = new Map<Delivery, (settlement: Settlement) => void>();
  #open: BatchInFlight | null = null;
  #cancelTimeout: () => void = () => {};
  #batches = 0;
  #recordsDone = 0;
  #bytesDone = 0;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#observers = new Observers(options.observers, options.log);
    this.slots = options.kernel.slots;
    this.#readers = new SlotReaders(this.slots);
    this.#branches = new Branches({
      ...options,
      readers: this.#readers,
      onAttempt: (delivery, retryInMs) => this.#observers.notify((o) => o.attempted?.(delivery, retryInMs)),
      onSettled: (lane, delivery, settlement) => this.#settle(lane, delivery, settlement),
      onRecovered: (source, { records, bytes }) => this.#accountOf(source).accept(records, bytes),
      onReleased: (source, ends, bytes) => this.#release(source, ends, bytes),
      onReplayed: (delivery, ends) => {
        const outcome = outcomeOf(ends);
        this.#observers.notify((o) => o.replayed?.(delivery, outcome));
      },
    });
    this.#batchTimeoutMs = options.batchTimeoutMs;
    this.#processors = new Map(options.sources);
    for (const id of options.sources.keys()) this.#accounts.set(id, new Account());
    for (const entry of options.sinks) this.#branches.add(entry);
  }

  /** Takes what earlier runs left in disk buffers; called once, when sinks are open. @throws when one cannot be used. */
  open(): Promise<void> {
    return this.#branches.open();
  }

  /** Takes on a source, or gives one other processors; they work on what is handed over from now on. */
  setSource(id: string, processors: readonly Processor[]): void {
    this.#seal();
    this.#processors.set(id, processors);
    this.#accountOf(id);
  }

  /** Call when the source has handed over its last; what it has handed over goes its way. */
  removeSource(id: string): void {
    this.#seal();
    this.#processors.delete(id);
  }

  /** Resolves when every record of the source has reached its end in every sink, so that its positions are final. */
  whenSettled(source: string): Promise<void> {
    if (this.#open !== null && holdsSource(this.#open, source)) this.#seal();
    return this.#inFlight.whenWithout(source);
  }

  /** The sink gets what is handed over from now on. */
  addSink(entry: SinkEntry): void {
    this.#seal();
    this.#branches.join(entry);
  }

  /**
   * The sink gets nothing more than what it has been given, and has until the deadline, or until `signal` is aborted,
   * to deliver that; the rest is dropped. The sink can be closed then.
   * @returns how many records were dropped.
   */
  removeSink(id: string, deadlineMs: number, signal?: AbortSignal): Promise<number> {
    this.#seal();
    return this.#branches.remove(id, deadlineMs, signal);
  }

  /** What waits for the sink, and what is handed over from now on, goes to another in its place. Resolves when the old one can be closed. */
  replaceSink(entry: SinkEntry): Promise<void> {
    this.#seal();
    return this.#branches.replace(entry);
  }

  /** Changes the times; those that run already end as they were set. */
  setTimes(times: { batchTimeoutMs: number; retry: RetryPolicy }): void {
    this.#batchTimeoutMs = times.batchTimeoutMs;
    this.#branches.setRetry(times.retry);
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
    this.#observers.notify((o) => o.accepted?.(segment, batch));
    if (chunk.slot !== batch.slot) this.slots.give(chunk.slot);
    if (batch.bytes >= batch.slot.capacity * SEAL_AT || batch.count >= batch.slot.maxRecords * SEAL_AT) {
      this.#seal();
    }
  }

  /**
   * Sends dead letters again, all records of the batch, to one sink and past processors. They were counted for their
   * source when they were read, so only the sink's ledger counts them; observers see attempts only. The batch stays the
   * caller's, who must not touch it before this resolves; it never does when the agent stops before.
   * @throws RangeError when there is no such sink.
   */
  resend(sink: string, batch: Batch): Promise<Settlement> {
    const branch = this.#branches.get(sink);
    if (branch === undefined) throw new RangeError(`there is no sink ${sink}`);
    const { count: records, bytes, segments } = batch;
    const delivery: Delivery = {
      batch,
      sink,
      segments,
      records,
      bytes,
      attempts: [],
      accepted: 0,
      resent: true,
    };
    return new Promise((resolve) => {
      this.#resent.set(delivery, resolve);
      branch.unsettled.add(delivery);
      branch.lane.enqueue(delivery);
    });
  }

  /**
   * Seals what is open and waits until every sink is done, or until the deadline, after which the rest is abandoned:
   * it was not acknowledged, so it is read again at the next start. What cannot be goes to disk buffers, where there are.
   * @returns how many records were abandoned.
   */
  async drain(deadlineMs: number): Promise<number> {
    this.#seal();
    this.#branches.hurry();
    await within(this.#options.clock, deadlineMs, this.#inFlight.whenIdle());
    this.#branches.abandon();
    await this.#branches.close();
    return this.#inFlight.counts().records;
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
    const buffered = this.#branches.held();
    const { records, bytes, bySource } = this.#inFlight.counts();
    let recordsInFlight = records;
    for (const count of buffered.values()) recordsInFlight += count;
    return {
      sources: new Map(
        [...this.#accounts].map(([id, account]) => [
          id,
          account.status((bySource.get(id) ?? 0) + (buffered.get(id) ?? 0), buffered.get(id) ?? 0),
        ]),
      ),
      sinks: this.#branches.status(now),
      batches: this.#batches,
      batchesInFlight: this.#inFlight.size,
      recordsInFlight,
      bytesInFlight: bytes,
      recordsDone: this.#recordsDone,
      bytesDone: this.#bytesDone,
    };
  }

  #openWith(slot: Slot, readAt: number): BatchInFlight {
    const batch = new BatchInFlight(++this.#batches, slot, readAt);
    this.#open = batch;
    this.#inFlight.add(batch);
    this.#cancelTimeout = this.#options.clock.after(this.#batchTimeoutMs, () => this.#seal());
    return batch;
  }

  #seal(): void {
    const batch = this.#open;
    if (batch === null) return;
    this.#open = null;
    this.#cancelTimeout();
    batch.sealedAt = this.#options.clock.now();
    this.#observers.notify((o) => o.sealed?.(batch));
    this.#processBatch(batch);
  }

  #processBatch(batch: BatchInFlight): void {
    for (const segment of batch.segments) {
      runProcessors(this.#processors.get(segment.stream.source)!, batch, segment, this.#options.log);
    }
    batch.processedAt = this.#options.clock.now();
    this.#observers.notify((o) => o.processed?.(batch));

    const ways: [Lane, Delivery][] = [];
    for (const { lane, unsettled } of this.#branches.current) {
      for (const delivery of selectDeliveries(batch, lane)) {
        unsettled.add(delivery);
        batch.deliveries.push(delivery);
        ways.push([lane, delivery]);
      }
    }
    batch.unsettled = ways.length;
    if (batch.unsettled === 0) this.#complete(batch);
    for (const [lane, delivery] of ways) lane.enqueue(delivery);
  }

  #settle(lane: Lane, delivery: Delivery, settlement: Settlement): void {
    const { rejected, reason, indexes, stored } = settlement;
    const ends: Ends =
      stored === undefined
        ? endsOf(settlement, delivery.records, rejected)
        : { delivered: delivery.records - stored.records, buffered: stored.records };
    lane.account.finish(ends);
    const onResent = this.#resent.get(delivery);
    if (onResent !== undefined) {
      this.#resent.delete(delivery);
      this.#readers.whenUnread(delivery.batch.slot, () => onResent(settlement));
      return;
    }
    const batch = delivery.batch as BatchInFlight;
    for (const [segment, segmentEnd] of segmentEnds(delivery, settlement)) {
      batch.ends[segment.index] = worse(batch.ends[segment.index]!, segmentEnd);
    }
    const outcome = outcomeOf(ends);
    this.#observers.notify((o) => o.settled?.(delivery, outcome, reason || undefined, indexes));
    batch.unsettled--;
    if (batch.unsettled === 0) this.#complete(batch);
  }

  #complete(batch: BatchInFlight): void {
    for (const segment of batch.segments) {
      const live = liveCount(segment);
      const account = this.#accounts.get(segment.stream.source)!;
      account.finish({ filtered: segment.count - live });
      const ends = batch.ends[segment.index] ?? { dropped: { unrouted: live } };
      account.finish(ends);
      this.#recordsDone += inMemory(batch, segment);
      if (ends.buffered === undefined) this.#bytesDone += segment.bytes;
    }
    this.#inFlight.delete(batch);
    this.#observers.notify((o) => o.completed?.(batch, batch.deliveries));
    for (const pending of batch.pending) this.#acknowledgements.acknowledge(pending);
    this.#readers.give(batch.slot);
    this.#inFlight.settle();
  }

  /** Records that were in a disk buffer, and are not any more. */
  #release(source: string, ends: Ends, bytes: number): void {
    this.#accountOf(source).finish(ends);
    const { delivered = 0, deadLettered = 0, dropped = {} } = ends;
    this.#recordsDone += delivered + deadLettered + sumOf(dropped);
    this.#bytesDone += bytes;
  }

  #accountOf(source: string): Account {
    let account = this.#accounts.get(source);
    if (account === undefined) {
      account = new Account();
      this.#accounts.set(source, account);
    }
    return account;
  }
}

function outcomeOf({ delivered = 0, deadLettered = 0, dropped = {}, buffered }: Ends): Outcome {
  const outcome = { delivered, filtered: 0, deadLettered, dropped: sumOf(dropped) };
  return buffered === undefined ? outcome : { ...outcome, buffered };
}

function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
