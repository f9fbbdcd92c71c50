/**
 * What single logs add to their root span: attributes from parsed fields, and a link to the span that came with the log
 * (`tracing.incoming: link`). Written into the kernel's blobs, which it appends to the roots while it encodes: valid
 * until the caller's next `await`. Used by log-span-writer.ts.
 */
import type { RecordBlobs } from '../../kernel/kernel.ts';
import type { Batch } from '../../record/batch.ts';
import { ContextRow } from '../../record/traced.ts';
import type { Annotations } from './annotate.ts';
import { hasContext, type RowList } from './row-list.ts';

/** `links` field of a span (13) with trace_id (1) and span_id (2): tags and lengths before the ids. */
const LINK_HEAD = Buffer.from([0x6a, 0x1c, 0x0a, 0x10]);
const LINK_SPAN_ID = Buffer.from([0x12, 0x08]);
const LINK_BYTES = 30;

export class SpanBlobs {
  readonly #blobs: RecordBlobs;
  readonly #annotations: Annotations;

  constructor(blobs: RecordBlobs, annotations: Annotations) {
    this.#blobs = blobs;
    this.#annotations = annotations;
  }

  /** Whether logs of the batch may add anything. */
  needed(batch: Batch, links: boolean): boolean {
    return links || (this.#annotations.usesFields && batch.fields !== null);
  }

  /**
   * Fills the blobs of the first rows of the list, as many as there is room for but one at least; one log that alone
   * has more than fits goes without.
   * @returns how many rows, and the bytes of their blobs.
   */
  fill(batch: Batch, { first, count, rows }: RowList, links: boolean): { rows: number; bytes: number } {
    const { starts, lengths, region } = this.#blobs;
    let end = 0;
    for (let i = 0; i < count; i++) {
      const row = rows === null ? first + i : rows[i]!;
      const start = end;
      const fields = this.#annotations.usesFields ? batch.fields?.at(row) : undefined;
      if (fields !== undefined) {
        const encoded = this.#annotations.encode(fields);
        if (end + encoded.length <= region.capacity) end += encoded.copy(region.bytes, end);
        else if (i > 0) return { rows: i, bytes: start };
      }
      if (links && hasContext(batch, row)) {
        if (end + LINK_BYTES <= region.capacity) end = this.#putLink(batch, row, end);
        else if (i > 0) return { rows: i, bytes: start };
      }
      starts[row] = region.address + start;
      lengths[row] = end - start;
    }
    return { rows: count, bytes: end };
  }

  #putLink({ slot }: Batch, row: number, at: number): number {
    const { bytes } = this.#blobs.region;
    const context = row * ContextRow.size;
    let end = at + LINK_HEAD.copy(bytes, at);
    bytes.set(slot.contexts.subarray(context + ContextRow.traceId, context + ContextRow.traceId + 16), end);
    end += 16;
    end += LINK_SPAN_ID.copy(bytes, end);
    bytes.set(slot.contexts.subarray(context + ContextRow.spanId, context + ContextRow.spanId + 8), end);
    return end + 8;
  }
}
