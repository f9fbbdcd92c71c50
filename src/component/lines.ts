import type { Kernel, Region } from '../kernel/kernel.ts';
import type { Selection } from '../kernel/slot.ts';
import type { Delivery } from '../record/delivery.ts';
import { JsonLineEncoder } from '../record/json-line.ts';
import { liveCount, type Segment } from '../record/segment.ts';
import type { Clock } from './clock.ts';

/**
 * Turns a delivery into lines for sinks that write bytes (file, stdout). Untouched segments are not copied: their
 * pieces are views of the batch. Everything else is written into an output region of the kernel, part by part.
 * It never writes anywhere else and never decides where lines go.
 */

export type LineFormat = 'raw' | 'json';

export interface LineReceiver {
  /** Called in order of the records. The piece is whole lines, each with its terminator; valid until `flush` resolves. */
  piece(segment: Segment, bytes: Buffer): void;
  /** Called when the pieces so far must be written, at least once a delivery. */
  flush(): Promise<void>;
}

const LF = Buffer.from('\n');

export class LineEncoder {
  readonly #kernel: Kernel;
  readonly #clock: Clock;
  readonly #format: LineFormat;
  readonly #json: JsonLineEncoder;

  constructor(options: { kernel: Kernel; clock: Clock; format: LineFormat }) {
    this.#kernel = options.kernel;
    this.#clock = options.clock;
    this.#format = options.format;
    this.#json = new JsonLineEncoder(options.kernel);
  }

  /**
   * Gives all live records of the delivery to `receiver`. Rejects with the signal's reason when aborted while it waits
   * for a region, and with whatever `flush` rejects with.
   */
  async encode(delivery: Delivery, signal: AbortSignal, receiver: LineReceiver): Promise<void> {
    const outputs = this.#kernel.outputs;
    let region: Region | undefined;
    try {
      let at = 0;
      for (const segment of delivery.segments) {
        if (this.#format === 'raw' && segment.live === null && !segment.rewritten) {
          this.#raw(segment, receiver);
          continue;
        }
        region ??= await outputs.acquire(signal);
        const total = liveCount(segment);
        let done = 0;
        let count = total;
        while (done < total) {
          const end = this.#write(delivery, segment, done, count, region, at);
          if (end >= 0) {
            receiver.piece(segment, region.bytes.subarray(at, end));
            at = end;
            done += count;
            count = total - done;
          } else if (count > 1) {
            count = Math.ceil(count / 2);
          } else if (at > 0) {
            await receiver.flush();
            at = 0;
            count = total - done;
          } else {
            // Larger than a region: the only case that allocates.
            receiver.piece(segment, this.#large(delivery, segment, done));
            done++;
            count = total - done;
          }
        }
      }
      await receiver.flush();
    } finally {
      if (region !== undefined) outputs.give(region);
    }
  }

  #raw(segment: Segment, receiver: LineReceiver): void {
    const end = segment.address + segment.bytes;
    receiver.piece(segment, this.#kernel.bytes.subarray(segment.address, end));
    // The last line of a file, or a piece of a long line: the next record must not be glued to it.
    if (this.#kernel.bytes[end - 1] !== 0x0a) receiver.piece(segment, LF);
  }

  /** Writes `count` live records from the `done`-th on; -1 when they do not all fit. */
  #write(delivery: Delivery, segment: Segment, done: number, count: number, out: Region, at: number): number {
    const { batch } = delivery;
    if (this.#format === 'raw') {
      return this.#kernel.joinLines(selectLive(delivery, segment, done, count), out, at);
    }
    const readAtMs = this.#clock.toEpoch(segment.readAt);
    let end = at;
    for (let i = done; i < done + count && end >= 0; i++) {
      end = this.#json.write(batch, segment, liveRow(segment, i), readAtMs, out, end);
    }
    return end;
  }

  #large(delivery: Delivery, segment: Segment, index: number): Buffer {
    const row = liveRow(segment, index);
    const { slot } = delivery.batch;
    const start = slot.starts[row]!;
    const length = slot.lengths[row]!;
    if (this.#format === 'raw')
      return Buffer.concat([this.#kernel.bytes.subarray(start, start + length), LF]);
    return this.#json.allocate(delivery.batch, segment, row, this.#clock.toEpoch(segment.readAt));
  }
}

/** Row of the `index`-th live record of a segment. */
export function liveRow(segment: Segment, index: number): number {
  return segment.live === null ? segment.first + index : segment.live[index]!;
}

/** Selection of `count` live records of a segment from the `from`-th on. */
export function selectLive(delivery: Delivery, segment: Segment, from: number, count: number): Selection {
  const { slot } = delivery.batch;
  return segment.live === null
    ? { slot, first: segment.first + from, count, live: null }
    : { slot, first: segment.first, count, live: segment.live.subarray(from, from + count) };
}
