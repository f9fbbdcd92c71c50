/**
 * The links from a batch's span to the roots of its logs. OpenTelemetry's SDKs keep 128 links a span and count the rest
 * (`OTEL_SPAN_LINK_COUNT_LIMIT`); so does this. Filled while log spans are written, used by system-spans.ts.
 */
const MAX_LINKS = 128;
/** A root begins with its trace id (field 1) and span id (field 2): just what a `Link` message has. */
const IDS_BYTES = 2 + 16 + 2 + 8;
/** `links` field of a span (13), and its length. */
const HEAD = [0x6a, IDS_BYTES] as const;
const LINK_BYTES = HEAD.length + IDS_BYTES;

export class BatchLinks {
  readonly #bytes = Buffer.alloc(MAX_LINKS * LINK_BYTES);
  #count = 0;
  /** Log roots, linked or not. */
  total = 0;

  constructor() {
    for (let i = 0; i < MAX_LINKS; i++) this.#bytes.set(HEAD, i * LINK_BYTES);
  }

  /** How many more may be added. */
  get room(): number {
    return MAX_LINKS - this.#count;
  }

  /** Roots without a link: `dropped_links_count`. */
  get dropped(): number {
    return this.total - this.#count;
  }

  /** Encoded `links` fields; valid until `clear`. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#count * LINK_BYTES);
  }

  /** Adds a link to the span whose content begins at `at`. */
  add(span: Buffer, at: number): void {
    // 128 times a batch: for so few bytes a loop takes a fraction of what `copy` does.
    const to = this.#count * LINK_BYTES + HEAD.length;
    for (let i = 0; i < IDS_BYTES; i++) this.#bytes[to + i] = span[at + i]!;
    this.#count++;
  }

  clear(): void {
    this.#count = 0;
    this.total = 0;
  }
}
