/** The W3C context of a request as rows of the slot's `contexts` column. Used by the HTTP source. */
import { ContextRow } from '../../record/traced.ts';
import { parseTraceparent } from '../../record/traceparent.ts';

/** A `traceparent` header as a row of the slot's `contexts` column; undefined when there is none or it is invalid. */
export function contextOf(header: string | undefined): Uint8Array | undefined {
  const context = parseTraceparent(header);
  if (context === null) return undefined;
  const row = Buffer.alloc(ContextRow.size);
  row.write(context.traceId, ContextRow.traceId, 'hex');
  row.write(context.spanId, ContextRow.spanId, 'hex');
  row[ContextRow.flags] = context.flags;
  row[ContextRow.present] = 1;
  return row;
}

/** Writes the same context to the first `count` rows of the column. */
export function fillContexts(contexts: Uint8Array, count: number, context: Uint8Array): void {
  const end = count * ContextRow.size;
  contexts.set(context);
  for (let filled = ContextRow.size; filled < end; filled *= 2) {
    contexts.copyWithin(filled, 0, Math.min(filled, end - filled));
  }
}
