import type { Batch, Fields, FieldsByRecord } from '../../record/batch.ts';
import { parseObject } from './parse-object.ts';

/**
 * Fields of the records that parse_json has parsed, parsed again when a sink asks. Keeping the objects instead would
 * need several times the memory of the text for every batch in flight, which no limit of the configuration covers, and
 * cost the garbage collector as much as parsing again (measured: 1000 ns a log with full queues).
 */
export class ParsedFields implements FieldsByRecord {
  readonly #bytes: Buffer;
  readonly #batch: Batch;
  /** By row: 1 where the text is a JSON object. */
  readonly #parsed: Uint8Array;
  /** What another kind of processor has found in records of the same batch. */
  readonly #others: FieldsByRecord | null;

  private constructor(batch: Batch, bytes: Buffer) {
    this.#batch = batch;
    this.#bytes = bytes;
    this.#parsed = new Uint8Array(batch.count);
    this.#others = batch.fields;
  }

  /** Those of the batch, which several sources' processors may share; made and put there if need be. */
  static of(batch: Batch, bytes: Buffer): ParsedFields {
    if (batch.fields instanceof ParsedFields) return batch.fields;
    const fields = new ParsedFields(batch, bytes);
    batch.fields = fields;
    return fields;
  }

  /** The record in this row was parsed. */
  add(row: number): void {
    this.#parsed[row] = 1;
  }

  at(row: number): Fields | undefined {
    if (this.#parsed[row] !== 1) return this.#others?.at(row);
    const { starts, lengths } = this.#batch.slot;
    const start = starts[row]!;
    return parseObject(this.#bytes, start, start + lengths[row]!);
  }
}
