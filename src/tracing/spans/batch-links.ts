/**
 * The links from a batch's span to the roots of its logs. OpenTelemetry's SDKs keep 128 links a span and count the rest
 * (`OTEL_SPAN_LINK_COUNT_LIMIT`); so does this. Filled while log spans are written, used by system-spans.ts.
 */
import type { Kernel } from '../../kernel/kernel.ts';
import { LINK_BYTES, MAX_LINKS } from '../../kernel/layout.ts';
import type { Selection } from '../../kernel/slot.ts';
import { PatchKind, type SpanTemplate } from '../../kernel/span-template.ts';
import type { IdSeed } from '../../kernel/trace-ids.ts';

/** `links` field of a span (13) with trace_id (1) and span_id (2): tags and lengths before the ids. */
const HEAD = [0x6a, 0x1c, 0x0a, 0x10] as const;
const SPAN_ID_HEAD = [0x12, 0x08] as const;
const TRACE_ID_AT = HEAD.length;
const TRACE_HALF_AT = TRACE_ID_AT + 8;
const SPAN_ID_AT = TRACE_ID_AT + 16 + SPAN_ID_HEAD.length;

export class BatchLinks {
  readonly #kernel: Pick<Kernel, 'encodeSpans' | 'links'>;
  readonly #own: SpanTemplate = linkTemplate(TRACE_HALF_AT, PatchKind.spanId);
  readonly #joined: SpanTemplate = linkTemplate(TRACE_ID_AT, PatchKind.incomingTraceId);
  readonly #prefix = new DataView(this.#own.bytes.buffer, this.#own.bytes.byteOffset, LINK_BYTES);
  #count = 0;
  /** Log roots, linked or not. */
  total = 0;

  constructor(kernel: Pick<Kernel, 'encodeSpans' | 'links'>) {
    this.#kernel = kernel;
  }

  /** Roots without a link: `dropped_links_count`. */
  get dropped(): number {
    return this.total - this.#count;
  }

  /** Encoded `links` fields; valid until `clear`. */
  get bytes(): Buffer {
    return this.#kernel.links.bytes.subarray(0, this.#count * LINK_BYTES);
  }

  /** Adds links to the roots of these logs, as many as there is room for. @param joined they continue traces that came with them. */
  add(
    { slot, first, count, live }: Selection,
    { ids, threshold, joined }: { ids: IdSeed; threshold: bigint; joined: boolean },
  ): void {
    this.total += live?.length ?? count;
    if (this.#count === MAX_LINKS) return;
    const room = MAX_LINKS - this.#count;
    const template = joined ? this.#joined : this.#own;
    if (!joined) this.#prefix.setBigUint64(TRACE_ID_AT, ids.prefix);
    const { rows } = this.#kernel.encodeSpans(
      { slot, first, count: Math.min(count, room), live: live?.subarray(0, room) ?? null },
      { seed: ids.seed, threshold, from: 0, template, useBlobs: false, checksum: null },
      {
        address: this.#kernel.links.address + this.#count * LINK_BYTES,
        capacity: room * LINK_BYTES,
      },
    );
    this.#count += rows;
  }

  clear(): void {
    this.#count = 0;
    this.total = 0;
  }
}

function linkTemplate(idAt: number, kind: SpanTemplate['patches'][number]['kind']): SpanTemplate {
  const bytes = Buffer.alloc(LINK_BYTES);
  bytes.set(HEAD);
  bytes.set(SPAN_ID_HEAD, SPAN_ID_AT - SPAN_ID_HEAD.length);
  return {
    bytes,
    patches: [
      { at: idAt, kind, argument: 0 },
      { at: SPAN_ID_AT, kind: PatchKind.spanId, argument: 0 },
    ],
  };
}
