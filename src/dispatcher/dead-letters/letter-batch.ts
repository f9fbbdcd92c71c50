import type { Clock } from '../../component/clock.ts';
import type { Slot } from '../../kernel/slot.ts';
import type { Batch, Fields } from '../../record/batch.ts';
import type { Segment } from '../../record/segment.ts';
import type { Stream } from '../../record/stream.ts';
import { ContextFlag, ContextRow, type Stamp } from '../../record/traced.ts';
import type { ByteRange } from './byte-ranges.ts';
import { bytesOf, type DeadLetter } from './dead-letter.ts';

const LF = 0x0a;

/** Streams as sinks see them, one object for each, also over batches: sinks remember times and labels by it. */
export class LetterStreams {
  readonly #streams = new Map<string, Stream>();

  of(letter: DeadLetter): Stream {
    const { source, source_type: sourceType, stream: id, path, labels = {} } = letter;
    const key = JSON.stringify([source, sourceType, id, path, labels]);
    let stream = this.#streams.get(key);
    if (stream === undefined) {
      stream = { id, source, sourceType, labels, ...(path !== undefined && { path }), commit() {} };
      this.#streams.set(key, stream);
    }
    return stream;
  }
}

/**
 * A batch of dead letters in a slot, as their records were when the sink refused them: text, stream, time of reading, and
 * what processors had found in them. Filled letter by letter, then sealed.
 */
export class LetterBatch implements Batch {
  readonly id = 0;
  readonly slot: Slot;
  readonly segments: (Segment & { count: number; bytes: number; position: number })[] = [];
  readonly fields: (Fields | undefined)[] = [];
  readonly hasSeverities = true;
  readonly hasTimestamps = true;
  readonly hasContexts = true;
  /** Where each record's line lies in the file. */
  readonly lines: ByteRange[] = [];
  readonly openedAt: number;
  readonly #clock: Pick<Clock, 'now' | 'toEpoch'>;
  readonly #streams: LetterStreams;
  readonly #stamp: Stamp;
  #traced: number[] = [];
  count = 0;
  bytes = 0;
  sealedAt = 0;
  processedAt = 0;

  constructor(
    slot: Slot,
    options: { clock: Pick<Clock, 'now' | 'toEpoch'>; streams: LetterStreams; stamp: Stamp },
  ) {
    this.slot = slot;
    this.#clock = options.clock;
    this.#streams = options.streams;
    // A letter says its log's trace, not its span.
    this.#stamp = options.stamp === 'none' ? 'none' : 'trace_id';
    this.openedAt = this.#clock.now();
  }

  /** False, and nothing has changed, when there is no room. */
  add(letter: DeadLetter, line: ByteRange): boolean {
    const { slot } = this;
    const text = bytesOf(letter);
    if (this.count === slot.maxRecords || this.bytes + text.length + 1 > slot.capacity) return false;
    const row = this.count;
    const at = this.bytes;
    text.copy(slot.bytes, at);
    slot.bytes[at + text.length] = LF;
    slot.starts[row] = slot.address + at;
    slot.lengths[row] = text.length;
    slot.flags[row] = letter.flags ?? 0;
    slot.severities[row] = letter.severity ?? 0;
    slot.timestamps[row] = BigInt(letter.timestamp_ns ?? 0);
    this.fields.push(letter.fields);
    this.#setContext(row, letter.trace_id);
    this.lines.push(line);
    this.#extendSegments(letter, row, at, text.length + 1);
    this.count++;
    this.bytes += text.length + 1;
    return true;
  }

  /** No more letters come: the batch is ready to be sent. */
  seal(): void {
    this.sealedAt = this.#clock.now();
    this.processedAt = this.sealedAt;
    let next = 0;
    for (const segment of this.segments) {
      const from = next;
      while (next < this.#traced.length && this.#traced[next]! < segment.first + segment.count) next++;
      if (next === from) continue;
      const rows = Uint32Array.from(this.#traced.slice(from, next));
      // All ids are in the column of contexts: none is drawn.
      segment.traced = {
        rows,
        count: rows.length,
        prefix: 0n,
        seed: 0n,
        threshold: 0n,
        hasContexts: true,
        stamp: this.#stamp,
      };
    }
  }

  #extendSegments(letter: DeadLetter, row: number, at: number, bytes: number): void {
    const stream = this.#streams.of(letter);
    const readAt = Date.parse(letter.read_at) - this.#clock.toEpoch(0);
    const last = this.segments.at(-1);
    if (last !== undefined && last.stream === stream && Math.abs(last.readAt - readAt) < 1) {
      last.count++;
      last.bytes += bytes;
      last.position = letter.offset + bytes;
      return;
    }
    this.segments.push({
      stream,
      index: this.segments.length,
      first: row,
      count: 1,
      bytes,
      address: this.slot.address + at,
      readAt,
      from: letter.offset,
      position: letter.offset + bytes,
      live: null,
      rewritten: false,
      traced: null,
    });
  }

  #setContext(row: number, traceId: string | undefined): void {
    const { contexts } = this.slot;
    const at = row * ContextRow.size;
    contexts.fill(0, at, at + ContextRow.size);
    if (traceId === undefined) return;
    contexts.set(Buffer.from(traceId, 'hex'), at + ContextRow.traceId);
    contexts[at + ContextRow.flags] = ContextFlag.sampled;
    contexts[at + ContextRow.present] = 1;
    this.#traced.push(row);
  }
}
