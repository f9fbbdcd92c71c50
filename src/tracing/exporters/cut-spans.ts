/**
 * Cuts encoded spans where a request or a queue is full, between two traces where that is possible, so that what happens
 * to one part (sent, refused, dropped) never leaves half a trace. Reads tags and lengths only.
 */

/** How many spans back a boundary between two traces is looked for; a log's trace has a few spans. */
const LOOK_BACK = 64;
const TRACE_ID_BYTES = 16;

export interface Cut {
  /** Spans and bytes before the cut. */
  readonly spans: number;
  readonly end: number;
  /** The cut goes through a trace: there is no boundary within reach before it. */
  readonly torn: boolean;
}

/** The longest part from the start with at most `maxSpans` spans and `maxBytes` bytes, but one span at least. */
export function cutSpans(bytes: Buffer, maxSpans: number, maxBytes: number): Cut {
  const starts = new Uint32Array(LOOK_BACK);
  let spans = 0;
  let end = 0;
  while (end < bytes.length && spans < Math.max(1, maxSpans)) {
    const next = behindSpan(bytes, end);
    if (next > maxBytes && spans > 0) break;
    starts[spans++ % LOOK_BACK] = end;
    end = next;
  }
  if (end >= bytes.length) return { spans, end: bytes.length, torn: false };
  const reachable = Math.min(spans, LOOK_BACK);
  let boundary = end;
  for (let back = 1; back <= reachable; back++) {
    const start = starts[(spans - back) % LOOK_BACK]!;
    if (!sameTrace(bytes, start, boundary)) return { spans: spans - back + 1, end: boundary, torn: false };
    boundary = start;
  }
  return { spans, end, torn: true };
}

/** Offset of the content of the span at `at`: behind its tag and its length. */
function contentOf(bytes: Buffer, at: number): number {
  let content = at + 1;
  while (bytes[content]! >= 128) content++;
  return content + 1;
}

function behindSpan(bytes: Buffer, at: number): number {
  let length = 0;
  let unit = 1;
  for (let next = at + 1; next < bytes.length; next++) {
    const byte = bytes[next]!;
    length += (byte & 127) * unit;
    if (byte < 128) return Math.min(bytes.length, next + 1 + length);
    unit *= 128;
  }
  return bytes.length;
}

/** Spans begin with their trace id; one that does not is taken for a trace of its own. */
function sameTrace(bytes: Buffer, one: number, other: number): boolean {
  const a = contentOf(bytes, one);
  const b = contentOf(bytes, other);
  const length = TRACE_ID_BYTES + 2;
  return (
    bytes[a] === 0x0a &&
    bytes[a + 1] === TRACE_ID_BYTES &&
    bytes.compare(bytes, b, Math.min(bytes.length, b + length), a, a + length) === 0
  );
}
