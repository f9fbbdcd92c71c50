import type { Kernel } from '../kernel/kernel.ts';
import type { Slot } from '../kernel/slot.ts';
import { ContextRow, type Traced } from './traced.ts';

/** Ids in lowercase hexadecimal digits, as W3C Trace Context and OpenTelemetry's log formats write them. */
export interface LogIds {
  readonly trace_id: string;
  /** Only where span ids are stamped too. */
  readonly span_id?: string;
}

/**
 * The ids to stamp on one record; undefined: none. For sinks that write record by record; those that have
 * the kernel encode whole segments hand `traced` to it instead.
 */
export function stampOf(
  kernel: Pick<Kernel, 'traceId' | 'spanId'>,
  slot: Pick<Slot, 'contexts'>,
  traced: Traced | null,
  row: number,
): LogIds | undefined {
  if (traced === null || traced.stamp === 'none' || !includes(traced.rows, row)) return undefined;
  const { seed, threshold, hasContexts, stamp } = traced;
  const context = row * ContextRow.size;
  const joins = hasContexts && slot.contexts[context + ContextRow.present] === 1;
  const traceId = joins
    ? Buffer.from(slot.contexts.buffer, slot.contexts.byteOffset + context + ContextRow.traceId, 16)
    : kernel.traceId(traced, threshold, row);
  if (stamp === 'trace_id') return { trace_id: traceId.toString('hex') };
  const spanId = joins ? kernel.spanId(seed, threshold, row, 0) : traceId.subarray(8);
  return { trace_id: traceId.toString('hex'), span_id: spanId.toString('hex') };
}

/** Whether ascending `rows` hold `row`; null holds all. */
function includes(rows: Uint32Array | null, row: number): boolean {
  if (rows === null) return true;
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (rows[middle]! < row) low = middle + 1;
    else high = middle;
  }
  return rows[low] === row;
}
