/**
 * A batch of records that were read back from a disk buffer, for a sink as it would have been at first. Kernel memory of
 * one slot, filled from as many frames as fit.
 */
import type { Clock } from '../../component/clock.ts';
import { RecordFlag, type Slot } from '../../kernel/slot.ts';
import { shiftSeed } from '../../kernel/trace-ids.ts';
import type { Batch, Fields, FieldsByRecord } from '../../record/batch.ts';
import type { Segment } from '../../record/segment.ts';
import { ContextRow } from '../../record/traced.ts';
import type { Frame, StoredRecord } from './decode.ts';
import type { RunHead } from './payload.ts';
import type { StoredStreams } from './stored-streams.ts';

const LF = 0x0a;

/** A segment, and the run of a frame that it belongs to. */
interface Open {
  readonly segment: { -readonly [Key in keyof Segment]: Segment[Key] };
  readonly run: RunHead;
  /** Place in the run of its first record, and the row that it had in its batch counted from the run's first. */
  readonly firstPlace: number;
  readonly firstRow: number;
  /** Rows of its records; only kept where they do not lie next to each other. */
  readonly live: number[] | null;
  /** Rows of traced records; null: all. */
  readonly traced: number[] | null;
}

export class StoredBatch implements Batch {
  readonly id = 0;
  readonly slot: Slot;
  readonly segments: Segment[] = [];
  count = 0;
  bytes = 0;
  fields: FieldsByRecord | null = null;
  hasSeverities = true;
  hasTimestamps = true;
  hasContexts = false;
  readonly openedAt: number;
  sealedAt: number;
  processedAt: number;
  /** Live records, which are fewer than rows where gaps were kept. */
  records = 0;
  readonly #clock: Pick<Clock, 'now' | 'toEpoch'>;
  readonly #streams: StoredStreams;
  readonly #fieldTexts = new Map<number, string>();
  #open: Open | null = null;
  /** Aligned with `segments`: whether the ledger of its source waits for this buffer. */
  readonly counts: boolean[] = [];

  constructor(slot: Slot, options: { clock: Pick<Clock, 'now' | 'toEpoch'>; streams: StoredStreams }) {
    this.slot = slot;
    this.#clock = options.clock;
    this.#streams = options.streams;
    this.openedAt = this.#clock.now();
    this.sealedAt = this.openedAt;
    this.processedAt = this.openedAt;
  }

  /** False, and nothing has changed, when there is no room. */
  add(frame: Frame, record: StoredRecord): boolean {
    const { slot } = this;
    const { text, run, place } = record;
    const open = this.#open?.run === run ? this.#open : null;
    const row = open === null ? this.count : open.segment.first + rowOf(run, place) - open.firstRow;
    if (row >= slot.maxRecords || this.bytes + text.length + 1 > slot.capacity) return false;
    const at = this.bytes;
    const current = open ?? this.#openSegment(frame, run, place);
    for (let gap = this.count; gap < row; gap++) this.#setGap(gap);
    slot.bytes.set(text, at);
    // Pieces of one line follow each other as they did in it.
    const end = at + text.length + (record.flags & RecordFlag.split ? 0 : 1);
    if (end > at + text.length) slot.bytes[at + text.length] = LF;
    slot.starts[row] = slot.address + at;
    slot.lengths[row] = text.length;
    slot.flags[row] = record.flags;
    slot.severities[row] = record.severity;
    slot.timestamps[row] = record.timestamp;
    if (record.context === null) slot.contexts[row * ContextRow.size + ContextRow.present] = 0;
    else slot.contexts.set(record.context, row * ContextRow.size);
    if (record.fields !== null) this.#fieldTexts.set(row, record.fields);
    this.bytes = end;
    this.count = row + 1;
    this.records++;
    const { segment } = current;
    current.live?.push(row);
    current.traced?.push(row);
    segment.count = row + 1 - segment.first;
    segment.bytes += end - at;
    segment.position = segment.from + segment.bytes;
    return true;
  }

  /** No more records come: the batch is ready to be sent. */
  seal(): void {
    this.#closeSegment();
    if (this.#fieldTexts.size > 0) {
      const texts = this.#fieldTexts;
      this.fields = {
        at(row) {
          const text = texts.get(row);
          return text === undefined ? undefined : (JSON.parse(text) as Fields);
        },
      };
    }
  }

  /** A row between two records of which only the place counts. */
  #setGap(row: number): void {
    const { slot } = this;
    slot.starts[row] = slot.address + this.bytes;
    slot.lengths[row] = 0;
    slot.flags[row] = 0;
    slot.severities[row] = 0;
    slot.timestamps[row] = 0n;
    slot.contexts[row * ContextRow.size + ContextRow.present] = 0;
  }

  #openSegment(frame: Frame, run: RunHead, place: number): Open {
    this.#closeSegment();
    const stream = this.#streams.of(frame.head.streams[run.stream]!);
    this.sealedAt = Math.min(this.sealedAt, frame.head.sealed_at - this.#clock.toEpoch(0));
    const segment: Open['segment'] = {
      stream,
      index: this.segments.length,
      first: this.count,
      count: 0,
      bytes: 0,
      address: this.slot.address + this.bytes,
      readAt: run.read_at - this.#clock.toEpoch(0),
      ...(place > 0 && { earlier: place }),
      from: run.from,
      position: run.from,
      live: null,
      rewritten: false,
      traced: null,
    };
    this.segments.push(segment);
    this.counts.push(run.counts);
    const open: Open = {
      segment,
      run,
      firstPlace: place,
      firstRow: rowOf(run, place),
      live: run.traced?.rows === undefined ? null : [],
      traced: run.traced?.records === undefined ? null : [],
    };
    this.#open = open;
    return open;
  }

  #closeSegment(): void {
    const open = this.#open;
    if (open === null) return;
    this.#open = null;
    const { segment, run, live } = open;
    if (live !== null) segment.live = Uint32Array.from(live);
    if (run.traced?.prefix === undefined) return;
    const rows = this.#tracedRows(open);
    const count = rows === null ? (live?.length ?? segment.count) : rows.length;
    if (count === 0) return;
    // The ids are those of the rows the records had at first.
    const shift = run.traced.row + open.firstRow - segment.first;
    segment.traced = {
      rows,
      count,
      prefix: BigInt(`0x${run.traced.prefix}`),
      seed: shiftSeed(BigInt(`0x${run.traced.seed}`), shift),
      threshold: BigInt(`0x${run.traced.threshold}`),
      hasContexts: run.traced.contexts,
      stamp: run.traced.stamp,
    };
    if (run.traced.contexts) this.hasContexts = true;
  }

  #tracedRows({ segment, run, firstPlace, firstRow, live }: Open): Uint32Array | null {
    const places = run.traced!.records;
    if (places === undefined) return null;
    const records = live?.length ?? segment.count;
    const rows = places
      .filter((place) => place >= firstPlace && place < firstPlace + records)
      .map((place) => segment.first + rowOf(run, place) - firstRow);
    return Uint32Array.from(rows);
  }
}

/** The row that a record had, counted from that of the run's first. */
function rowOf({ traced }: RunHead, place: number): number {
  return traced?.rows?.[place] ?? place;
}
