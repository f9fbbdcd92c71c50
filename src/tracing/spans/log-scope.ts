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

export class LogScope {
  /** Offsets in the bytes: of the number of the batch, of its ids as text with what they are, and of times. */
  readonly #batchIdAt: number;
  readonly #ids: readonly { readonly at: number; readonly cell: number; readonly length: number }[];
  readonly #times: readonly { readonly at: number; readonly cell: number }[];
  /** The batch that was asked for last, and its bytes. */
  #batchId = 0;
  #last: Buffer;

  constructor(stream: Stream, shape: LogShape, annotations: Annotations, linked: boolean) {
    const writer = new OtlpWriter();
    this.#batchIdAt = writer.paddedAttribute(attributes, BATCH_ID, 0, BATCH_ID_WIDTH);
    const id = (key: string, cell: number, length: number) => {
      return { at: writer.openText(attributes, key, '', 2 * length), cell, length };
    };
    this.#ids = linked
      ? [
          id(BATCH_TRACE_ID, LogCell.batchTraceId, TRACE_ID_BYTES),
          id(BATCH_SPAN_ID, LogCell.batchSpanId, SPAN_ID_BYTES),
        ]
      : [];
    this.#times = scopedStagesOf(shape).map(({ name, cell }) => {
      const key = STAGE + name.replace(' ', '.');
      return { at: writer.paddedAttribute(attributes, key, 0, TIME_WIDTH), cell };
    });
    for (const [key, value] of commonAttributes(stream, shape, annotations)) {
      writer.attribute(attributes, key, value);
    }
    this.#last = writer.finish();
  }

  /** `Run.scope` for spans of a batch, whose times and ids are in the cells; the same object again for the same batch. */
  of(batchId: number, cells: Cells): Buffer {
    if (batchId !== this.#batchId) {
      const bytes = Buffer.from(this.#last);
      putPadded(bytes, this.#batchIdAt, batchId, BATCH_ID_WIDTH);
      for (const { at, cell, length } of this.#ids) cells.putHex(bytes, at, cell, length);
      for (const { at, cell } of this.#times)
        putTime(bytes, at, cells.words[2 * cell]!, cells.words[2 * cell + 1]!);
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
