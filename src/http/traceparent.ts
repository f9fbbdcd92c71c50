/** Reads the W3C Trace Context headers of a request (https://www.w3.org/TR/trace-context/). Used by request-spans.ts. */

/** The span that a request was sent from. */
export interface ParentSpan {
  /** 32 and 16 lower-case hexadecimal digits, not all zero. */
  readonly traceId: string;
  readonly spanId: string;
  /** Whether the caller keeps its trace. */
  readonly sampled: boolean;
  /** Empty when there is none. */
  readonly traceState: string;
}

/** Section 3.2: version, trace id, parent id, flags; later versions may append fields. */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const ZEROS = /^0+$/;
/** Section 3.3.1.5: at least 512 characters are to be passed on; no more are kept. */
const MAX_TRACESTATE = 512;

/** Null when there is no valid `traceparent`; then `tracestate` means nothing, too (section 3.3). */
export function parentOf(
  traceparent: string | string[] | undefined,
  tracestate: string | string[] | undefined,
): ParentSpan | null {
  if (typeof traceparent !== 'string') return null;
  const match = TRACEPARENT.exec(traceparent.trim());
  if (match === null) return null;
  const [, version, traceId = '', spanId = '', flags = '', rest] = match;
  if (version === 'ff' || (version === '00' && rest !== undefined)) return null;
  if (ZEROS.test(traceId) || ZEROS.test(spanId)) return null;
  const state = [tracestate ?? ''].flat().join(',');
  return {
    traceId,
    spanId,
    sampled: (Number.parseInt(flags, 16) & 1) === 1,
    traceState: state.length <= MAX_TRACESTATE ? state : '',
  };
}
