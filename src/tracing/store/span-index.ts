/**
 * Where spans of one trace id lie in a run, found by tags, lengths and ids without decoding anything. Relies on how the
 * tracer writes runs: spans of one log lie together, and every span begins with its trace id. Used by store.ts.
 */
const TRACE_ID_BYTES = 16;
/** Tag and length of the trace id. */
const ID_HEAD_BYTES = 2;

export class SpanIndex {
  readonly #bytes: Buffer;
  /** Offsets at which stretches of one id begin, and where their ids are. */
  readonly #starts: number[] = [];
  readonly #ids: number[] = [];

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    for (let at = 0; at < bytes.length; ) {
      const { content, end } = spanAt(bytes, at);
      const id = content + ID_HEAD_BYTES;
      const last = this.#ids.at(-1);
      if (last === undefined || !sameId(bytes, last, id)) {
        this.#starts.push(at);
        this.#ids.push(id);
      }
      at = end;
    }
  }

  /** How many stretches of spans with one trace id there are. */
  get length(): number {
    return this.#ids.length;
  }

  /** The encoded spans of stretch `n`. */
  bytesOf(n: number): Buffer {
    return this.#bytes.subarray(this.#starts[n], this.#starts[n + 1]);
  }

  hasTraceId(n: number, traceId: Buffer): boolean {
    const at = this.#ids[n]!;
    return this.#bytes.compare(traceId, 0, TRACE_ID_BYTES, at, at + TRACE_ID_BYTES) === 0;
  }
}

/** Where the content of the span at `at` begins, and where it ends: its length is a varint behind a tag of one byte. */
function spanAt(bytes: Buffer, at: number): { content: number; end: number } {
  let length = 0;
  let unit = 1;
  let next = at + 1;
  for (; bytes[next]! >= 128; next++) {
    length += (bytes[next]! & 127) * unit;
    unit *= 128;
  }
  length += bytes[next]! * unit;
  return { content: next + 1, end: next + 1 + length };
}

function sameId(bytes: Buffer, a: number, b: number): boolean {
  return bytes.compare(bytes, b, b + TRACE_ID_BYTES, a, a + TRACE_ID_BYTES) === 0;
}
