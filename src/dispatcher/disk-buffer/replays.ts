/**
 * Reads a disk buffer back, in order, into slots, and hands them to the lane of its sink: one delivery while the sink
 * fails, so that it is tried, and as many as it takes at once when it works. One slot is reserved for that, so that a
 * full memory never waits for itself.
 */
import type { Clock } from '../../component/clock.ts';
import type { Logger } from '../../component/logger.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { Slot } from '../../kernel/slot.ts';
import type { Delivery } from '../../record/delivery.ts';
import type { Ends } from '../ledger.ts';
import { segmentEnds } from '../segment-ends.ts';
import { endsOf, type Settlement } from '../settlement.ts';
import type { SinkLane } from '../sink-lane.ts';
import type { SlotReaders } from '../slot-readers.ts';
import type { StoredRecord } from './decode.ts';
import type { DiskBuffer, StoredFrame } from './disk-buffer.ts';
import { Holdings } from './holdings.ts';
import { StoredBatch } from './stored-batch.ts';
import { StoredStreams } from './stored-streams.ts';

export interface ReplaysOptions {
  /** Id of the sink. */
  readonly id: string;
  readonly store: DiskBuffer;
  readonly lane: SinkLane;
  readonly kernel: Kernel;
  readonly readers: SlotReaders;
  readonly clock: Clock;
  readonly log: Logger;
  /** Records have reached their end: for the ledger of the sink (null), and for that of their source. */
  readonly onEnded: (source: string | null, ends: Ends, bytes: number) => void;
  /** The sink is done with a delivery from the buffer, whose slot is given back after this call. */
  readonly onReplayed: (delivery: Delivery, ends: Ends) => void;
}

/** A frame of which records are on their way, or wait for a slot. */
interface Hand {
  readonly stored: StoredFrame;
  readonly records: Iterator<StoredRecord>;
  /** The next record; null: all were handed over. */
  next: StoredRecord | null;
  /** Deliveries with records of it. */
  deliveries: number;
}

interface Replay {
  readonly batch: StoredBatch;
  readonly hands: readonly Hand[];
}

/** Pause after the buffer could not be read, in milliseconds, and how often that is logged. */
const READ_PAUSE_MS = 1000;
const LOG_EVERY_MS = 60_000;

export class Replays {
  readonly #options: ReplaysOptions;
  readonly #streams = new StoredStreams();
  readonly #replays = new Map<Delivery, Replay>();
  #hand: Hand | null = null;
  #reserved: Slot | null = null;
  #pumping = false;
  /** Something happened while it was pumping. */
  #again = false;
  #stopped = false;
  #loggedAt = Number.NEGATIVE_INFINITY;
  readonly #closing = new AbortController();

  constructor(options: ReplaysOptions) {
    this.#options = options;
    void this.#reserve();
  }

  /** Whether it holds records that were read back and not handed to the lane. */
  get isHolding(): boolean {
    return this.#hand !== null || this.#pumping;
  }

  /** Records in the lane. */
  get records(): number {
    return this.#replays.keys().reduce((sum, { records }) => sum + records, 0);
  }

  /** Hands over what there is, as far as the sink takes it. */
  pump(): void {
    this.#again = true;
    if (this.#pumping || this.#stopped || (this.#hand === null && this.#options.store.unread === 0)) return;
    this.#pumping = true;
    void this.#pump().then(
      () => {
        this.#pumping = false;
        // Told since its last look.
        if (this.#again) this.pump();
      },
      (err: unknown) => {
        this.#pumping = false;
        this.#logFailure(err);
        this.#options.clock.after(READ_PAUSE_MS, () => this.pump());
      },
    );
  }

  /** Returns whether the delivery came from the buffer; then what follows from its end has been done. */
  settled(delivery: Delivery, settlement: Settlement): boolean {
    const replay = this.#replays.get(delivery);
    if (replay === undefined) return false;
    this.#replays.delete(delivery);
    const { batch, hands } = replay;
    const { onEnded, onReplayed, store } = this.#options;
    const all = endsOf(settlement, delivery.records, settlement.rejected);
    onEnded(null, all, 0);
    onReplayed(delivery, all);
    const ended = new Holdings();
    ended.records = delivery.records;
    for (const [segment, ends] of segmentEnds(delivery, settlement)) {
      if (!batch.counts[segment.index]) continue;
      const { source } = segment.stream;
      const { records, bytes } = amountOf(ends, segment.bytes);
      const one = new Holdings();
      one.bySource.set(source, { records, bytes });
      ended.add(one);
      onEnded(source, ends, bytes);
    }
    store.release(ended);
    for (const hand of hands) {
      hand.deliveries--;
      this.#finish(hand);
    }
    this.#giveSlot(batch.slot);
    return true;
  }

  /** Hands over nothing more. */
  stop(): void {
    this.#stopped = true;
  }

  /** Gives its slots back, also those of deliveries that were not settled. */
  close(): void {
    this.#stopped = true;
    this.#closing.abort();
    const { kernel, readers } = this.#options;
    for (const { batch } of this.#replays.values()) readers.give(batch.slot);
    this.#replays.clear();
    if (this.#reserved !== null) kernel.slots.give(this.#reserved);
    this.#reserved = null;
  }

  #logFailure(err: unknown): void {
    const { log, clock, id } = this.#options;
    const now = clock.now();
    if (now - this.#loggedAt < LOG_EVERY_MS) return;
    this.#loggedAt = now;
    log.error({ err, sink: id }, 'the disk buffer cannot be read; it is tried again');
  }

  async #pump(): Promise<void> {
    while (this.#again && !this.#stopped) {
      this.#again = false;
      while (!this.#stopped && this.#replays.size < this.#window()) {
        const slot = this.#takeSlot();
        if (slot === null) break;
        if (!(await this.#handOver(slot))) break;
      }
    }
  }

  #window(): number {
    const { lane } = this.#options;
    return lane.isFailing ? 1 : lane.concurrency + 1;
  }

  /** Fills the slot and hands it to the lane; false when there is nothing, and the slot was given back. */
  async #handOver(slot: Slot): Promise<boolean> {
    const batch = new StoredBatch(slot, { clock: this.#options.clock, streams: this.#streams });
    let hands: Hand[];
    try {
      hands = await this.#fill(batch);
    } catch (error) {
      this.#giveSlot(slot);
      throw error;
    }
    if (batch.records === 0 || this.#stopped) {
      this.#giveSlot(slot);
      return false;
    }
    batch.seal();
    const delivery: Delivery = {
      batch,
      sink: this.#options.id,
      segments: batch.segments,
      records: batch.records,
      bytes: batch.bytes,
      attempts: [],
      accepted: 0,
    };
    this.#replays.set(delivery, { batch, hands });
    this.#options.lane.enqueue(delivery);
    return true;
  }

  /** Takes records from as many frames as fit; returns these frames. */
  async #fill(batch: StoredBatch): Promise<Hand[]> {
    const hands: Hand[] = [];
    for (;;) {
      const hand = this.#hand ?? (await this.#takeFrame());
      if (hand === null) return hands;
      this.#hand = hand;
      const before = batch.records;
      const full = this.#move(hand, batch);
      if (batch.records > before) {
        hand.deliveries++;
        hands.push(hand);
      }
      if (full) return hands;
      this.#hand = null;
      this.#finish(hand);
    }
  }

  /** Moves records of a frame to the batch; true when the batch is full. */
  #move(hand: Hand, batch: StoredBatch): boolean {
    const { frame } = hand.stored;
    while (hand.next !== null) {
      if (!batch.add(frame, hand.next)) {
        if (batch.records > 0) return true;
        this.#loseTooLarge(hand.stored, hand.next);
      }
      hand.next = hand.records.next().value ?? null;
    }
    return false;
  }

  async #takeFrame(): Promise<Hand | null> {
    const stored = await this.#options.store.next();
    if (stored === null) return null;
    const records = stored.frame.entries();
    const first = records.next();
    return { stored, records, next: first.done ? null : first.value, deliveries: 0 };
  }

  #finish(hand: Hand): void {
    if (hand.next === null && hand.deliveries === 0) this.#options.store.done(hand.stored);
  }

  /** Batches were larger when it was written. */
  #loseTooLarge({ frame }: StoredFrame, { run, text }: StoredRecord): void {
    const { onEnded, store, log, id } = this.#options;
    const { source } = frame.head.streams[run.stream]!;
    const lost = { dropped: { too_large: 1 } };
    const ended = new Holdings();
    ended.records = 1;
    if (run.counts) {
      ended.bySource.set(source, { records: 1, bytes: text.length });
      onEnded(source, lost, text.length);
    }
    onEnded(null, lost, 0);
    store.release(ended);
    log.error(
      { sink: id, source, bytes: text.length },
      'a log in the disk buffer is larger than dispatcher.batch_bytes and was dropped',
    );
  }

  /** With a buffer that is added to a running agent, memory may be full: then the first slot that becomes free is it. */
  async #reserve(): Promise<void> {
    const { slots } = this.#options.kernel;
    const slot = slots.take();
    if (slot !== undefined) {
      this.#reserved = slot;
      return;
    }
    const late = await slots.acquire(this.#closing.signal).catch(() => null);
    if (late === null) return;
    this.#giveSlot(late);
    this.pump();
  }

  #takeSlot(): Slot | null {
    const slot = this.#reserved;
    if (slot !== null) {
      this.#reserved = null;
      return slot;
    }
    const { slots } = this.#options.kernel;
    // More than one only from plenty.
    if (this.#replays.size > 0 && slots.free <= slots.size / 2) return null;
    return slots.take() ?? null;
  }

  #giveSlot(slot: Slot): void {
    const { kernel, readers } = this.#options;
    readers.whenUnread(slot, () => {
      if (this.#reserved === null && !this.#stopped) this.#reserved = slot;
      else kernel.slots.give(slot);
    });
  }
}

function amountOf(ends: Ends, bytes: number): { records: number; bytes: number } {
  let records = (ends.delivered ?? 0) + (ends.deadLettered ?? 0);
  for (const count of Object.values(ends.dropped ?? {})) records += count;
  return { records, bytes };
}
