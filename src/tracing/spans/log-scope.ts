/**
 * What the spans of logs leave to their scope (docs/adr/0002, 0003): everything that the logs of one stream in one batch
 * have in common. Written as attributes of OTLP's `InstrumentationScope`, once a batch; read back by `spans-decoder.ts`.
 */
import type { Stream } from '../../record/stream.ts';
import type { Annotations } from './annotate.ts';
import { commonAttributes, LogCell, type LogShape, scopedStagesOf } from './log-shape.ts';
import { Field, OtlpWriter, putPadded } from './otlp-writer.ts';
import type { Cells } from './span-template.ts';

/** The batch a log was in; the ids are those of its span, in hexadecimal digits. */
export const BATCH_ID = 'log_capturer.batch.id';
export const BATCH_TRACE_ID = 'log_capturer.batch.trace_id';
export const BATCH_SPAN_ID = 'log_capturer.batch.span_id';
/** Followed by the stage's name, its first space as a dot: nanoseconds since 1970 at which it ended. */
export const STAGE = 'log_capturer.stage.';

const { attributes } = Field.scope;
const BATCH_ID_WIDTH = 8;
/** Seven bits a byte: enough for a time of 63 bits. */
const TIME_WIDTH = 9;
const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;

/** Puts what differs between batches where it belongs. */
type Fill = (bytes: Buffer, batchId: number, cells: Cells) => void;

export class LogScope {
  readonly #fills: readonly Fill[];
  /** The batch that was asked for last, and its bytes. */
  #batchId = 0;
  #last: Buffer;

  constructor(stream: Stream, shape: LogShape, annotations: Annotations, linked: boolean) {
    const writer = new OtlpWriter();
    const batchIdAt = writer.paddedAttribute(attributes, BATCH_ID, 0, BATCH_ID_WIDTH);
    const fills: Fill[] = [(bytes, batchId) => putPadded(bytes, batchIdAt, batchId, BATCH_ID_WIDTH)];
    const id = (key: string, cell: number, length: number): void => {
      const at = writer.openText(attributes, key, '', 2 * length);
      fills.push((bytes, _, cells) => bytes.write(cells.hex(cell, length), at, 'latin1'));
    };
    if (linked) {
      id(BATCH_TRACE_ID, LogCell.batchTraceId, TRACE_ID_BYTES);
      id(BATCH_SPAN_ID, LogCell.batchSpanId, SPAN_ID_BYTES);
    }
    for (const { name, cell } of scopedStagesOf(shape)) {
      const key = STAGE + name.replace(' ', '.');
      const at = writer.paddedAttribute(attributes, key, 0, TIME_WIDTH);
      fills.push((bytes, _, { words }) => putTime(bytes, at, words[2 * cell]!, words[2 * cell + 1]!));
    }
    for (const [key, value] of commonAttributes(stream, shape, annotations)) {
      writer.attribute(attributes, key, value);
    }
    this.#fills = fills;
    this.#last = writer.finish();
  }

  /** `Run.scope` for spans of a batch, whose times and ids are in the cells; the same object again for the same batch. */
  of(batchId: number, cells: Cells): Buffer {
    if (batchId !== this.#batchId) {
      const bytes = Buffer.from(this.#last);
      for (const fill of this.#fills) fill(bytes, batchId, cells);
      this.#last = bytes;
      this.#batchId = batchId;
    }
    return this.#last;
  }
}

/** A whole number below 2^63, in two halves, as a varint of `TIME_WIDTH` bytes. */
function putTime(bytes: Buffer, at: number, low: number, high: number): void {
  for (let i = 0; i < TIME_WIDTH; i++) {
    const bit = 7 * i;
    const group = bit < 32 ? (low >>> bit) | (bit > 25 ? high << (32 - bit) : 0) : high >>> (bit - 32);
    bytes[at + i] = (group & 127) | (i < TIME_WIDTH - 1 ? 128 : 0);
  }
}
