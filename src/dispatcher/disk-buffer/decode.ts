import { ContextRow } from '../../record/traced.ts';
import type { FrameHeader } from './format.ts';
import { type Columns, type FrameHead, layOutColumns, type RunHead } from './payload.ts';

/** A frame that was read back. Its payload is intact, but not yet known to make sense. */
export class Frame {
  readonly number: number;
  readonly head: FrameHead;
  readonly records: number;
  readonly #payload: Buffer;
  readonly #columns: Columns;
  #textAt: number;
  #fieldsAt: number;

  /** @throws when the payload is not what a frame holds. */
  constructor(payload: Buffer, { number, records }: { number: number; records: number }) {
    this.number = number;
    this.records = records;
    this.#payload = payload;
    const headEnd = 4 + payload.readUInt32LE(0);
    this.head = JSON.parse(payload.toString('utf8', 4, headEnd)) as FrameHead;
    this.#columns = layOutColumns(headEnd, records, this.head);
    this.#fieldsAt = this.#columns.end;
    let text = this.#columns.end;
    if (this.head.columns.fields) {
      for (let i = 0; i < records; i++) text += payload.readUInt32LE(this.#columns.fieldLengths + 4 * i);
    }
    this.#textAt = text;
    const counted = this.head.runs.reduce((sum, run) => sum + run.records, 0);
    if (counted !== records) throw new Error(`the frame has ${records} records, its runs ${counted}`);
  }

  /** The records one after the other; each is valid until the next is asked for. */
  *entries(): Generator<StoredRecord> {
    const { head } = this;
    const columns = this.#columns;
    const payload = this.#payload;
    let text = this.#textAt;
    let fields = this.#fieldsAt;
    let index = 0;
    for (const run of head.runs) {
      for (let place = 0; place < run.records; place++, index++) {
        const length = payload.readUInt32LE(columns.lengths + 4 * index);
        const fieldLength = head.columns.fields ? payload.readUInt32LE(columns.fieldLengths + 4 * index) : 0;
        const context = columns.contexts + ContextRow.size * index;
        yield {
          run,
          place,
          text: payload.subarray(text, text + length),
          flags: payload[columns.flags + index]!,
          severity: head.columns.severities ? payload[columns.severities + index]! : 0,
          timestamp: head.columns.timestamps ? payload.readBigUInt64LE(columns.timestamps + 8 * index) : 0n,
          context: head.columns.contexts ? payload.subarray(context, context + ContextRow.size) : null,
          fields: fieldLength === 0 ? null : payload.toString('utf8', fields, fields + fieldLength),
        };
        text += length;
        fields += fieldLength;
      }
    }
  }
}

export interface StoredRecord {
  readonly run: RunHead;
  /** In its run. */
  readonly place: number;
  readonly text: Buffer;
  readonly flags: number;
  readonly severity: number;
  readonly timestamp: bigint;
  readonly context: Buffer | null;
  /** JSON. */
  readonly fields: string | null;
}

/** Undefined when the payload makes no sense although its checksum is right. */
export function intactFrame(payload: Buffer, header: FrameHeader): Frame | undefined {
  try {
    return new Frame(payload, header);
  } catch {
    return undefined;
  }
}
