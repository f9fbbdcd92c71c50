import { ContextRow } from '../../record/traced.ts';

/** W3C Trace Context, section 3.2: version, trace id, parent id, flags; later versions may append more. */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const ZEROS = /^0+$/;

/** A `traceparent` header as a row of the slot's `contexts` column; undefined when there is none or it is invalid. */
export function contextOf(header: string | undefined): Uint8Array | undefined {
  const match = header === undefined ? null : TRACEPARENT.exec(header.trim());
  if (match === null) return undefined;
  const [, version, traceId, spanId, flags, more] = match;
  if (version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  if (ZEROS.test(traceId!) || ZEROS.test(spanId!)) return undefined;
  const row = Buffer.alloc(ContextRow.size);
  row.write(traceId!, ContextRow.traceId, 'hex');
  row.write(spanId!, ContextRow.spanId, 'hex');
  row[ContextRow.flags] = Number.parseInt(flags!, 16);
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
