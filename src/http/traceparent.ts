/** The span that a request was sent from, by its W3C Trace Context headers. Used by request-spans.ts. */
import { parseTraceparent } from '../record/traceparent.ts';

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

/** Section 3.3.1.5 (https://www.w3.org/TR/trace-context/): at least 512 characters are to be passed on; no more are kept. */
const MAX_TRACESTATE = 512;

/** Null when there is no valid `traceparent`; then `tracestate` means nothing, too (section 3.3). */
export function parentOf(
  traceparent: string | string[] | undefined,
  tracestate: string | string[] | undefined,
): ParentSpan | null {
  const context = typeof traceparent === 'string' ? parseTraceparent(traceparent) : null;
  if (context === null) return null;
  const { traceId, spanId, flags } = context;
  const state = [tracestate ?? ''].flat().join(',');
  return {
    traceId,
    spanId,
    sampled: (flags & 1) === 1,
    traceState: state.length <= MAX_TRACESTATE ? state : '',
  };
}
