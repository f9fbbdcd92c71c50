/**
 * Reads the `traceparent` header of W3C Trace Context (https://www.w3.org/TR/trace-context/). Used by the agent's HTTP
 * server for requests, and by sources for the logs that requests bring.
 */

/** What the header names. */
export interface SpanContext {
  /** 32 and 16 lower-case hexadecimal digits, not all zero. */
  readonly traceId: string;
  readonly spanId: string;
  /** 0 to 255; the lowest bit says whether the caller keeps its trace. */
  readonly flags: number;
}

/** Section 3.2: version, trace id, parent id, flags; later versions may append fields. */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const ZEROS = /^0+$/;

/** Null when there is no header, or it is invalid. */
export function parseTraceparent(header: string | undefined): SpanContext | null {
  const match = header === undefined ? null : TRACEPARENT.exec(header.trim());
  if (match === null) return null;
  const [, version, traceId = '', spanId = '', flags = '', rest] = match;
  if (version === 'ff' || (version === '00' && rest !== undefined)) return null;
  if (ZEROS.test(traceId) || ZEROS.test(spanId)) return null;
  return { traceId, spanId, flags: Number.parseInt(flags, 16) };
}
