/** Writes segments of a batch as a frame (payload.ts). It reads kernel memory and changes nothing. */
import type { Clock } from '../../component/clock.ts';
import { liveRow } from '../../component/lines.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { Batch } from '../../record/batch.ts';
import { liveCount, type Segment } from '../../record/segment.ts';
import { ContextRow } from '../../record/traced.ts';
import { HEADER_BYTES, writeHeader } from './format.ts';
import { type Holdings, holdingsOf } from './holdings.ts';
import { type FrameHead, layOutColumns, type RunHead, type StreamHead, type TracedHead } from './payload.ts';

export interface EncodeContext {
  readonly kernel: Pick<Kernel, 'bytes'>;
  readonly clock: Pick<Clock, 'toEpoch'>;
}

/** What is stored together: live records of segments of one batch. */
export interface Part {
  readonly batch: Batch;
  readonly segments: readonly Segment[];
  /** Whether the ledger of a segment's source waits for this buffer. */
  readonly counts: (segment: Segment) => boolean;
}

/** Memory that is used again for each frame; grows to the largest. */
export class FrameEncoder {
  readonly #context: EncodeContext;
  #memory = Buffer.allocUnsafe(2 ** 16);

  constructor(context: EncodeContext) {
    this.#context = context;
  }

  /** The frame, valid until the next call, and what it holds. */
  encode(
    part: Part,
    { number, nonce }: { number: number; nonce: number },
  ): { frame: Buffer; holdings: Holdings } {
    const { batch, segments } = part;
    const { slot, fields } = batch;
    const rows = rowsOf(segments);
    const head = this.#headOf(part);
    const headBytes = Buffer.from(JSON.stringify(head));
    const fieldTexts = fields === null ? null : rows.map((row) => fieldsText(fields.at(row)));
    let size = HEADER_BYTES + 4 + headBytes.length;
    const columns = layOutColumns(size, rows.length, head);
    size = columns.end;
    for (const text of fieldTexts ?? []) size += text.length;
    for (const row of rows) size += slot.lengths[row]!;

    const out = this.#room(size);
    out.writeUInt32LE(headBytes.length, HEADER_BYTES);
    headBytes.copy(out, HEADER_BYTES + 4);
    let at = columns.end;
    for (const [i, text] of (fieldTexts ?? []).entries()) {
      out.writeUInt32LE(text.length, columns.fieldLengths + 4 * i);
      at += text.copy(out, at);
    }
    const { kernel } = this.#context;
    for (const [i, row] of rows.entries()) {
      const length = slot.lengths[row]!;
      const start = slot.starts[row]!;
      out.writeUInt32LE(length, columns.lengths + 4 * i);
      out[columns.flags + i] = slot.flags[row]!;
      if (head.columns.severities) out[columns.severities + i] = slot.severities[row]!;
      if (head.columns.timestamps) out.writeBigUInt64LE(slot.timestamps[row]!, columns.timestamps + 8 * i);
      if (head.columns.contexts) {
        const context = row * ContextRow.size;
        out.set(
          slot.contexts.subarray(context, context + ContextRow.size),
          columns.contexts + ContextRow.size * i,
        );
      }
      at += kernel.bytes.copy(out, at, start, start + length);
    }
    writeHeader(out, { length: size - HEADER_BYTES, records: rows.length, number, nonce });
    return { frame: out, holdings: holdingsOf(head) };
  }

  #headOf({ batch, segments, counts }: Part): FrameHead {
    const streams: StreamHead[] = [];
    const known = new Map<object, number>();
    const runs = segments.map((segment): RunHead => {
      const { stream, bytes, from, traced } = segment;
      let index = known.get(stream);
      if (index === undefined) {
        index = streams.length;
        known.set(stream, index);
        const { source, id, sourceType: type, labels, path } = stream;
        const hasLabels = Object.keys(labels).length > 0;
        streams.push({
          source,
          id,
          type,
          ...(hasLabels && { labels }),
          ...(path !== undefined && { path }),
        });
      }
      return {
        stream: index,
        records: liveCount(segment),
        bytes,
        read_at: this.#context.clock.toEpoch(segment.readAt),
        from,
        counts: counts(segment),
        ...(traced !== null && { traced: tracedHead(segment) }),
      };
    });
    const withContexts = segments.some(({ traced }) => traced?.hasContexts);
    return {
      streams,
      runs,
      sealed_at: this.#context.clock.toEpoch(batch.sealedAt),
      columns: {
        ...(batch.hasSeverities && { severities: true }),
        ...(batch.hasTimestamps && { timestamps: true }),
        ...(withContexts && { contexts: true }),
        ...(batch.fields !== null && { fields: true }),
      },
    };
  }

  #room(size: number): Buffer {
    if (this.#memory.length < size) this.#memory = Buffer.allocUnsafe(Math.ceil(size * 1.25));
    return this.#memory.subarray(0, size);
  }
}

function rowsOf(segments: readonly Segment[]): number[] {
  const rows: number[] = [];
  for (const segment of segments) {
    const live = liveCount(segment);
    for (let i = 0; i < live; i++) rows.push(liveRow(segment, i));
  }
  return rows;
}

const NOTHING = Buffer.alloc(0);

function fieldsText(fields: object | undefined): Buffer {
  if (fields === undefined) return NOTHING;
  return Buffer.from(
    JSON.stringify(fields, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
  );
}

function tracedHead(segment: Segment): TracedHead {
  const { live, first } = segment;
  const traced = segment.traced!;
  const row = live === null ? first : live[0]!;
  const places = live === null ? null : new Map(Array.from(live, (each, index) => [each, index]));
  return {
    row,
    prefix: traced.prefix.toString(16),
    seed: traced.seed.toString(16),
    threshold: traced.threshold.toString(16),
    stamp: traced.stamp,
    contexts: traced.hasContexts,
    ...(live !== null && { rows: Array.from(live, (each) => each - row) }),
    ...(traced.rows !== null && {
      records: Array.from(traced.rows, (each) => (places === null ? each - first : places.get(each)!)),
    }),
  };
}
