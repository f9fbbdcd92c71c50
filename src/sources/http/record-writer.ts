/**
 * Puts the records of one request into slots and hands these over. A request's first slot is waited for briefly, so that
 * a busy agent says so; later ones longer, because part of the request is taken already.
 */
import type { Clock } from '../../component/clock.ts';
import type { Intake } from '../../component/source.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { Slot } from '../../kernel/slot.ts';
import type { Channel } from './channel.ts';
import { fillContexts } from './traceparent.ts';

const LF = 0x0a;

/** No slot became free in time, or the source stops. */
export class NoRoom extends Error {
  override readonly name = 'NoRoom';
}

export interface RecordWriterOptions {
  readonly kernel: Kernel;
  readonly clock: Clock;
  readonly intake: Intake;
  readonly channel: Channel;
  /** Of the request's `traceparent`, for each of its records. */
  readonly context: Uint8Array | undefined;
  /** Longest record, in bytes; at most half of a slot is used. */
  readonly maxRecordBytes: number;
  /** How long to wait for the first slot, and for each further one, in milliseconds. */
  readonly firstWaitMs: number;
  readonly nextWaitMs: number;
  readonly signal: AbortSignal;
}

export class RecordWriter {
  /** Records handed over. */
  taken = 0;
  /** Bytes of the text that they were in. */
  textTaken = 0;
  /** Position behind the last one; undefined: nothing was handed over. */
  position: number | undefined;
  readonly #options: RecordWriterOptions;
  #slot: Slot | null = null;
  #bytes = 0;
  #count = 0;

  constructor(options: RecordWriterOptions) {
    this.#options = options;
  }

  /** Hands over text, a record a line; longer lines are cut. @throws {NoRoom} when it took only a part. */
  async text(body: Buffer): Promise<void> {
    const { kernel } = this.#options;
    let rest = body;
    while (rest.length > 0) {
      const slot = await this.#acquire();
      const length = rest.copy(slot.bytes);
      const { count, consumed } = kernel.scanLines(slot, {
        from: 0,
        length,
        firstRecord: 0,
        maxRecordBytes: this.#longestIn(slot),
        final: length === rest.length,
      });
      this.#handOver(slot, consumed, count);
      this.textTaken += consumed;
      rest = rest.subarray(consumed);
    }
  }

  /** Whether `put` needs no further slot for a record of this length. */
  hasRoom(length: number): boolean {
    const slot = this.#slot;
    return slot !== null && this.#bytes + length + 1 <= slot.capacity && this.#count < slot.maxRecords;
  }

  /** Hands over what was put and takes a new slot. @returns the longest record it holds, in bytes. @throws {NoRoom} */
  async makeRoom(): Promise<number> {
    this.flush();
    this.#slot = await this.#acquire();
    return this.#longestIn(this.#slot);
  }

  /** Appends one record; there must be room. */
  put(record: Uint8Array): void {
    const slot = this.#slot!;
    const start = this.#bytes;
    slot.bytes.set(record, start);
    slot.bytes[start + record.length] = LF;
    slot.starts[this.#count] = slot.address + start;
    slot.lengths[this.#count] = record.length;
    slot.flags[this.#count] = 0;
    this.#bytes = start + record.length + 1;
    this.#count++;
  }

  /** Hands over what was put; gives an empty slot back. */
  flush(): void {
    const slot = this.#slot;
    if (slot === null) return;
    this.#slot = null;
    this.#handOver(slot, this.#bytes, this.#count);
    this.#bytes = 0;
    this.#count = 0;
  }

  #longestIn({ capacity }: Slot): number {
    return Math.min(this.#options.maxRecordBytes, capacity >>> 1);
  }

  #handOver(slot: Slot, bytes: number, count: number): void {
    const { intake, channel, context, clock } = this.#options;
    if (count === 0) {
      intake.slots.give(slot);
      return;
    }
    if (context !== undefined) fillContexts(slot.contexts, count, context);
    const { from, position } = channel.advance(bytes);
    this.taken += count;
    this.position = position;
    intake.handle({
      slot,
      stream: channel,
      bytes,
      count,
      readAt: clock.now(),
      from,
      position,
      ...(context !== undefined && { hasContexts: true }),
    });
  }

  async #acquire(): Promise<Slot> {
    const { intake, clock, signal, firstWaitMs, nextWaitMs } = this.#options;
    if (signal.aborted) throw new NoRoom();
    // Others have their turn between two slots.
    if (this.taken > 0) await new Promise((resolve) => setImmediate(resolve));
    const slot = intake.slots.take();
    if (slot !== undefined) return slot;
    const late = new AbortController();
    const cancel = clock.after(this.taken > 0 ? nextWaitMs : firstWaitMs, () => late.abort());
    try {
      return await intake.slots.acquire(AbortSignal.any([signal, late.signal]));
    } catch {
      throw new NoRoom();
    } finally {
      cancel();
    }
  }
}
