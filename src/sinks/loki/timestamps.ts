import type { Clock } from '../../component/clock.ts';
import type { Slot } from '../../kernel/slot.ts';
import { liveCount, type Segment } from '../../record/segment.ts';
import type { Stream } from '../../record/stream.ts';

/**
 * The times under which records are sent. Loki drops an entry that has the time and the text of another one in its
 * stream. So equal lines need different times, or they would vanish; and a retry needs the same times as the first
 * attempt, so that what had arrived after all is not stored twice.
 */

interface OwnTime {
  /** Of the last record: as found in it, and as sent. */
  readonly found: bigint;
  readonly sent: bigint;
}

const NO_TIME: OwnTime = { found: 0n, sent: 0n };

/** When a segment was read, in monotonic milliseconds, what was read with it before it, and the time of its last record. */
interface Last {
  readonly readAt: number;
  readonly earlier: number;
  readonly ns: bigint;
}

const NONE: Last = { readAt: Number.NEGATIVE_INFINITY, earlier: 0, ns: 0n };

export class Timestamps {
  readonly #clock: Clock;
  /** Of the segment of each stream that was read last. */
  readonly #lastOfStream = new WeakMap<Stream, Last>();
  readonly #firstOfSegment = new WeakMap<Segment, bigint>();
  readonly #ownOfStream = new WeakMap<Stream, OwnTime>();
  readonly #ownBeforeSegment = new WeakMap<Segment, OwnTime>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Nanoseconds since 1970 of the segment's first live record; the k-th live one has k more. The same at every call. */
  firstNs(segment: Segment): bigint {
    const known = this.#firstOfSegment.get(segment);
    if (known !== undefined) return known;
    const { readAt, earlier = 0 } = segment;
    const readNs = BigInt(Math.floor(this.#clock.toEpoch(readAt) * 1000)) * 1000n + BigInt(earlier);
    const last = this.#lastOfStream.get(segment.stream) ?? NONE;
    // What was read before what is sent already (the sink failed, or it was in a disk buffer) keeps its place before it.
    const isLate = readAt < last.readAt || (readAt === last.readAt && earlier < last.earlier);
    const first = isLate || readNs > last.ns ? readNs : last.ns + 1n;
    this.#firstOfSegment.set(segment, first);
    if (!isLate) {
      const ns = first + BigInt(liveCount(segment)) - 1n;
      this.#lastOfStream.set(segment.stream, { readAt, earlier, ns });
    }
    return first;
  }

  /**
   * Changes the slot's column so that no record of the segment has the time of the record before it: to one nanosecond
   * more. The returned function changes it back, which must happen before the next `await`: other sinks read it too.
   */
  separate(segment: Segment, slot: Slot): () => void {
    const { stream, live, first, count } = segment;
    const before = this.#ownBeforeSegment.get(segment);
    let { found, sent } = before ?? this.#ownOfStream.get(stream) ?? NO_TIME;
    if (before === undefined) this.#ownBeforeSegment.set(segment, { found, sent });
    const { timestamps } = slot;
    const changed: [row: number, found: bigint][] = [];
    const total = live === null ? count : live.length;
    for (let i = 0; i < total; i++) {
      const row = live === null ? first + i : live[i]!;
      const own = timestamps[row]!;
      if (own === 0n) continue;
      // Times that go back are left alone: they are those of other records.
      if (own >= found && own <= sent) {
        changed.push([row, own]);
        sent += 1n;
        timestamps[row] = sent;
      } else {
        sent = own;
      }
      found = own;
    }
    if (before === undefined) this.#ownOfStream.set(stream, { found, sent });
    return () => {
      for (const [row, own] of changed) timestamps[row] = own;
    };
  }
}
