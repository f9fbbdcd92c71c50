/**
 * The way of deliveries to one sink with a buffer on disk. While the sink keeps up, everything goes straight through and
 * costs no disk. When it fails or falls behind, logs that cannot be read again are written to the buffer and thereby
 * settled for their batch: memory becomes free, and who sent them is answered. They are read back in order, and while the
 * buffer has any that were not, newer ones go behind them. Logs of other sources wait where they are, as without a buffer.
 *
 * A delivery never has both kinds: the dispatcher asks `stores` and divides them.
 */
import { readdir } from 'node:fs/promises';
import type { Sink } from '../component/sink.ts';
import type { SinkStatus } from '../component/status.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Delivery } from '../record/delivery.ts';
import { liveCount, type Segment } from '../record/segment.ts';
import type { Stream } from '../record/stream.ts';
import type { BatchInFlight } from './batch-in-flight.ts';
import { DiskBuffer } from './disk-buffer/disk-buffer.ts';
import { parseName } from './disk-buffer/format.ts';
import type { Amount, Holdings } from './disk-buffer/holdings.ts';
import { Replays } from './disk-buffer/replays.ts';
import { type BufferSettings, DRAIN_ONLY } from './disk-buffer/settings.ts';
import type { Lane } from './lane.ts';
import { Account, type Ends } from './ledger.ts';
import { remainderOf } from './remainder.ts';
import { DELIVERED } from './settlement.ts';
import { SinkLane, type SinkLaneOptions } from './sink-lane.ts';
import { within } from './within.ts';

export interface BufferedLaneOptions extends SinkLaneOptions {
  readonly kernel: Kernel;
  /** Where the buffer's files are; absent: there never are any. */
  readonly folder?: string;
  /** Absent: nothing is buffered, but what an earlier configuration left is delivered. */
  readonly buffer?: BufferSettings | undefined;
  /** Whether logs of the stream cannot be read again. */
  readonly isLostOnceRead?: (stream: Stream) => boolean;
  /** Logs of a source that an earlier run left in the buffer. */
  readonly onRecovered: (source: string, amount: Amount) => void;
  /** Logs of a source that were in the buffer have reached their end. */
  readonly onReleased: (source: string, ends: Ends, bytes: number) => void;
  /** The sink is done with a delivery from the buffer. */
  readonly onReplayed: (delivery: Delivery, ends: Ends) => void;
}

/** Most deliveries that are made safe with one fsync. */
const GROUP = 16;
/** Part of the slots that may wait for the sink before it counts as behind. */
const BEHIND = 1 / 4;
/** Pause after the disk has failed, in milliseconds, and how often that is logged. */
const DISK_PAUSE_MS = 1000;
const LOG_EVERY_MS = 60_000;
/** How long attempts may take to end once the lane was abandoned, in milliseconds; most heed that at once. */
const GRACE_MS = 1000;

export class BufferedLane implements Lane {
  readonly id: string;
  readonly account: Account;
  readonly #options: BufferedLaneOptions;
  readonly #inner: SinkLane;
  #settings: BufferSettings | undefined;
  #store: DiskBuffer | null = null;
  #replays: Replays | null = null;
  /** Until the buffer is open, or cannot be opened. */
  #opening: Promise<void> | null = null;
  /** In memory, to be written. */
  readonly #queue: Delivery[] = [];
  /** Those that could have been stored, on their way through the inner lane. */
  readonly #through = new Set<Delivery>();
  #writing: Promise<void> | null = null;
  readonly #closing = new AbortController();
  #loggedAt = Number.NEGATIVE_INFINITY;

  constructor(options: BufferedLaneOptions) {
    this.id = options.id;
    this.account = options.account ?? new Account();
    this.#options = options;
    this.#settings = options.buffer;
    this.#inner = new SinkLane({
      ...options,
      account: new Account(),
      onAttempt: (delivery, retryInMs) => {
        options.onAttempt(delivery, retryInMs);
        if (retryInMs !== undefined) this.#withdraw();
      },
      onSettled: (delivery, settlement) => {
        if (!this.#replays?.settled(delivery, settlement)) {
          this.#through.delete(delivery);
          options.onSettled(delivery, settlement);
        }
        this.#replays?.pump();
      },
    });
  }

  /** Opens the buffer, where there is one. Call once the sink is open. @throws when its folder cannot be used. */
  open(): Promise<void> {
    const { folder } = this.#options;
    if (folder === undefined) return Promise.resolve();
    this.#opening = this.#open(folder).finally(() => {
      this.#opening = null;
      // What came meanwhile must not wait for a buffer that there is not.
      if (this.#store === null) for (const delivery of this.#queue.splice(0)) this.#passThrough(delivery);
      this.#write();
    });
    return this.#opening;
  }

  /** From now on; undefined: what is buffered is delivered, and then nothing is buffered any more. */
  setBuffer(settings: BufferSettings | undefined): void {
    this.#settings = settings;
    if (this.#store !== null) this.#store.configure(settings ?? DRAIN_ONLY);
    else if (settings !== undefined && this.#opening === null) {
      void this.open().catch((err: unknown) => {
        this.#options.log.error(
          { err, sink: this.id },
          'the disk buffer cannot be opened; logs wait in memory',
        );
      });
    }
  }

  get idle(): boolean {
    return this.#inner.idle && this.#queue.length === 0;
  }

  /** By source: what its ledger counts as in flight because it is in this buffer. */
  get held(): ReadonlyMap<string, Amount> {
    return this.#store?.held.bySource ?? NOTHING;
  }

  selects(sourceId: string): boolean {
    return this.#inner.selects(sourceId);
  }

  stores(stream: Stream): boolean {
    return this.#usesStore && this.#options.isLostOnceRead?.(stream) === true;
  }

  enqueue(delivery: Delivery): void {
    this.account.accept(delivery.records, delivery.bytes);
    if (delivery.resent || !this.stores(delivery.segments[0]!.stream)) this.#inner.enqueue(delivery);
    else if (this.#mustStore()) {
      this.#queue.push(delivery);
      this.#write();
    } else this.#passThrough(delivery);
  }

  hurry(): void {
    this.#replays?.stop();
    this.#inner.hurry();
  }

  abandon(): void {
    this.#replays?.stop();
    this.#inner.abandon();
    this.#closing.abort();
  }

  /** After `abandon`: stores what cannot be read again and was not delivered, as far as there is room. */
  async close(): Promise<void> {
    this.#closing.abort();
    // Who opens it has been told when that fails.
    await this.#opening?.catch(() => {});
    await within(this.#options.clock, GRACE_MS, this.#inner.whenQuiet());
    const store = this.#store;
    if (store === null) return;
    await this.#writing;
    const left = [...this.#through, ...this.#queue.splice(0)];
    this.#through.clear();
    const stored: [Delivery, Map<Segment, Segment>][] = [];
    try {
      for (const delivery of left) {
        // What the sink has accepted of it is not sent again.
        const remainder = remainderOf(delivery);
        const part = this.#partOf(delivery, [...remainder.values()]);
        if (remainder.size > 0 && !(await store.append(part, null))) {
          await store.commit();
          if (!(await store.append(part, null))) break;
        }
        stored.push([delivery, remainder]);
      }
      await store.commit();
      for (const [delivery, remainder] of stored) {
        this.#inner.forget(delivery);
        if (remainder.size > 0) this.#settleStored(delivery, remainder);
        else this.#options.onSettled(delivery, DELIVERED);
      }
    } catch (err) {
      this.#options.log.error({ err, sink: this.id }, 'the disk buffer could not take what was in memory');
    }
    this.#replays!.close();
    await store.close();
  }

  whenKept(delivery: Delivery): Promise<void> {
    return this.#inner.whenKept(delivery);
  }

  /** After `close`, of a sink that is gone: nobody will deliver what its buffer holds. @returns how many records. */
  retire(): number {
    const store = this.#store;
    if (store === null) return 0;
    const { records } = store.held;
    this.#lose(store.held, LEFT);
    this.#store = null;
    return records;
  }

  replaceSink(sink: Sink, selects: (sourceId: string) => boolean): Promise<void> {
    const replaced = this.#inner.replaceSink(sink, selects);
    this.#replays?.pump();
    return replaced;
  }

  status(now: number): SinkStatus {
    const inner = this.#inner.status(now);
    const waiting = this.#queue.reduce((sum, { records }) => sum + records, 0);
    const replayed = this.#replays?.records ?? 0;
    const held = this.#store?.held.records ?? 0;
    const [first] = this.#queue;
    const waits = first === undefined ? 0 : (now - first.batch.sealedAt) / 1000;
    return {
      ...inner,
      queued_batches: inner.queued_batches + this.#queue.length,
      oldest_unacknowledged_seconds: Math.max(inner.oldest_unacknowledged_seconds, waits),
      ...(this.#store !== null && (this.#usesStore || held > 0) && { buffer: this.#store.status() }),
      ledger: this.account.status(inner.ledger.in_flight - replayed + waiting + held),
    };
  }

  get #usesStore(): boolean {
    if (this.#closing.signal.aborted) return false;
    return this.#settings !== undefined || (this.#store?.held.records ?? 0) > 0;
  }

  /** Whether a delivery that can be stored must be: the sink fails or is behind, or others are before it in the buffer. */
  #mustStore(): boolean {
    const { kernel } = this.#options;
    if (this.#store === null) return this.#opening !== null;
    return (
      this.#queue.length > 0 ||
      this.#isOccupied() ||
      this.#inner.isFailing ||
      this.#inner.waiting >= Math.max(1, kernel.slots.size * BEHIND)
    );
  }

  /** Whether there is anything in the buffer that was not handed to the sink yet. */
  #isOccupied(): boolean {
    return this.#writing !== null || this.#store!.unread > 0 || this.#replays!.isHolding;
  }

  #passThrough(delivery: Delivery): void {
    this.#through.add(delivery);
    this.#inner.enqueue(delivery);
  }

  /** The sink failed: what waits for it goes to disk. Not when newer logs are there already: they must not overtake. */
  #withdraw(): void {
    if (this.#store === null || this.#queue.length > 0 || this.#isOccupied() || !this.#usesStore) return;
    const deliveries = this.#inner.withdraw((each) => this.#through.has(each) && each.accepted === 0);
    for (const delivery of deliveries) this.#through.delete(delivery);
    this.#queue.push(...deliveries);
    this.#write();
  }

  #write(): void {
    if (this.#writing !== null || this.#queue.length === 0 || this.#store === null) return;
    if (this.#closing.signal.aborted) return;
    this.#writing = this.#writeAll(this.#store).finally(() => {
      this.#writing = null;
      this.#write();
      this.#replays!.pump();
    });
  }

  async #writeAll(store: DiskBuffer): Promise<void> {
    const { signal } = this.#closing;
    while (this.#queue.length > 0 && !signal.aborted) {
      try {
        await this.#writeGroup(store, signal);
      } catch (error) {
        this.#logDiskFailure(error);
        await this.#options.clock.sleep(DISK_PAUSE_MS, signal).catch(() => {});
      }
    }
  }

  async #writeGroup(store: DiskBuffer, signal: AbortSignal): Promise<void> {
    let count = 0;
    while (count < GROUP && count < this.#queue.length) {
      // What is written already must not wait for room with the others.
      const wait = count === 0 ? signal : null;
      if (!(await store.append(this.#partOf(this.#queue[count]!), wait))) break;
      count++;
    }
    await store.commit();
    for (const delivery of this.#queue.splice(0, count)) this.#settleStored(delivery);
    this.#replays!.pump();
  }

  #partOf({ batch, segments: all }: Delivery, segments = all) {
    const counts = (segment: Segment) => (batch as BatchInFlight).claim(segment, this.id);
    return { batch, segments, counts };
  }

  /** @param remainder what of it was stored, by segment; absent: all. */
  #settleStored(delivery: Delivery, remainder?: ReadonlyMap<Segment, Segment>): void {
    const batch = delivery.batch as BatchInFlight;
    const awaited = new Map<Segment, number>();
    let records = 0;
    for (const segment of delivery.segments) {
      const left = remainder === undefined ? segment : remainder.get(segment);
      if (left === undefined) continue;
      records += liveCount(left);
      if (batch.claim(segment, this.id)) awaited.set(segment, liveCount(left));
    }
    delivery.stored = true;
    this.#options.onSettled(delivery, { ...DELIVERED, stored: { records, awaited } });
  }

  async #open(folder: string): Promise<void> {
    const isLeft = await hasFiles(folder);
    // Settings may come or go meanwhile.
    if (!isLeft && this.#settings === undefined) return;
    const { kernel, clock, log } = this.#options;
    const store = new DiskBuffer({
      kernel,
      clock,
      log,
      folder,
      settings: this.#settings ?? DRAIN_ONLY,
      onLost: (lost, reason) => this.#lose(lost, reason),
    });
    await store.open();
    store.configure(this.#settings ?? DRAIN_ONLY);
    const { held } = store;
    this.account.accept(held.records, held.bytes);
    for (const [source, amount] of held.bySource) this.#options.onRecovered(source, amount);
    if (held.records > 0) {
      log.info({ sink: this.id, records: held.records }, 'the disk buffer holds logs of an earlier run');
    }
    this.#store = store;
    this.#replays = new Replays({
      ...this.#options,
      store,
      lane: this.#inner,
      onEnded: (source, ends, bytes) => {
        if (source === null) this.account.finish(ends);
        else this.#options.onReleased(source, ends, bytes);
      },
    });
    if (this.#closing.signal.aborted) this.#replays.stop();
    this.#replays.pump();
  }

  #lose(lost: Holdings, reason: string): void {
    this.account.finish({ dropped: { [reason]: lost.records } });
    for (const [source, { records, bytes }] of lost.bySource) {
      this.#options.onReleased(source, { dropped: { [reason]: records } }, bytes);
    }
    this.#options.log.error(
      { sink: this.id, reason, records: lost.records, sources: recordsOf(lost) },
      reason === 'buffer_full'
        ? 'the disk buffer is full, and its oldest logs were dropped for newer ones (when_full: drop_oldest)'
        : 'logs in the disk buffer will not be delivered',
    );
  }

  #logDiskFailure(error: unknown): void {
    const { clock, log, folder } = this.#options;
    const now = clock.now();
    if (now - this.#loggedAt < LOG_EVERY_MS) return;
    this.#loggedAt = now;
    log.error(
      { err: error, sink: this.id, folder },
      'the disk buffer cannot be written; logs wait in memory, and it is tried again',
    );
  }
}

/** Reason for what stays in the buffer of a sink that is gone; it is delivered when the sink comes back. */
const LEFT = 'left_in_buffer';

const NOTHING: ReadonlyMap<string, Amount> = new Map();

function recordsOf({ bySource }: Holdings): Record<string, number> {
  return Object.fromEntries([...bySource].map(([source, { records }]) => [source, records]));
}

async function hasFiles(folder: string): Promise<boolean> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names.some((name) => parseName(name) !== undefined);
}
