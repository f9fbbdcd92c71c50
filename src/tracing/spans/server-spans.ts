/**
 * Spans of requests to the agent's own API, into the same ring and to the same exporters as all others. Each is written
 * field by field: there are hundreds a second at most. Called by the tracer, in every mode but off.
 */
import type { Outlets } from '../exporters/outlets.ts';
import type { SpanRing } from '../store/span-ring.ts';
import { Field, OtlpWriter, putNanos, SpanKind, StatusCode, type Value } from './otlp-writer.ts';
import { FLAGS, REMOTE_PARENT_FLAGS } from './span-template.ts';

/** A request that was answered, or given up by its client. */
export interface ServerSpan {
  readonly name: string;
  /** The caller's span (W3C Trace Context); ids in hexadecimal digits. */
  readonly parent: {
    readonly traceId: string;
    readonly spanId: string;
    readonly sampled: boolean;
    readonly traceState: string;
  } | null;
  /** Monotonic milliseconds of the `Clock`. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly attributes: ReadonlyMap<string, Value>;
  readonly failed: boolean;
}

/** Widths of lengths: a span below 2 MiB, a status below 128 bytes. */
const SPAN_LENGTH_WIDTH = 3;
const STATUS_LENGTH_WIDTH = 1;

export class ServerSpans {
  readonly #ring: SpanRing;
  readonly #outlets: Outlets;
  readonly #random: () => number;
  readonly #writes: (name: string) => boolean;

  /** @param options.writes whether spans of that name are written (`tracing.exclude.span_names`). */
  constructor(options: {
    readonly ring: SpanRing;
    readonly outlets: Outlets;
    readonly random: () => number;
    readonly writes: (name: string) => boolean;
  }) {
    this.#ring = options.ring;
    this.#outlets = options.outlets;
    this.#random = options.random;
    this.#writes = options.writes;
  }

  /**
   * Writes the span, unless its caller does not keep the trace; returns how many spans that made: 0 or 1.
   * @param epoch milliseconds since 1970 of monotonic 0.
   */
  write(span: ServerSpan, epoch: number): number {
    if (span.parent?.sampled === false || !this.#writes(span.name)) return 0;
    const encoded = this.#encode(span, epoch);
    const reserved = this.#ring.reserve(encoded.length);
    if (reserved === null) {
      this.#outlets.lose(1);
      return 1;
    }
    encoded.copy(this.#ring.region.bytes, reserved.at);
    this.#outlets.offer(this.#ring.commit(reserved, encoded.length, 1, null));
    return 1;
  }

  /** Fields in the order that `SpanIndex` relies on: the trace id is the first. */
  #encode({ name, parent, startedAt, endedAt, attributes, failed }: ServerSpan, epoch: number): Buffer {
    const writer = new OtlpWriter();
    const times = { start: 0, end: 0 };
    writer.message(Field.scopeSpans.spans, SPAN_LENGTH_WIDTH, () => {
      const traceId = parent === null ? this.#id(16) : Buffer.from(parent.traceId, 'hex');
      writer.bytes(Field.span.traceId, traceId);
      writer.bytes(Field.span.spanId, this.#id(8));
      if (parent !== null) {
        writer.bytes(Field.span.parentSpanId, Buffer.from(parent.spanId, 'hex'));
        if (parent.traceState !== '') writer.text(Field.span.traceState, parent.traceState);
      }
      writer.text(Field.span.name, name);
      writer.number(Field.span.kind, SpanKind.server);
      times.start = writer.fixed64(Field.span.start);
      times.end = writer.fixed64(Field.span.end);
      for (const [key, value] of attributes) writer.attribute(Field.span.attributes, key, value);
      if (failed) {
        writer.message(Field.span.status, STATUS_LENGTH_WIDTH, () =>
          writer.number(Field.status.code, StatusCode.error),
        );
      }
      writer.fixed32(Field.span.flags, parent === null ? FLAGS : REMOTE_PARENT_FLAGS);
    });
    const bytes = writer.finish();
    const words = new Uint32Array(4);
    putNanos(words, 0, epoch + startedAt);
    putNanos(words, 2, epoch + endedAt);
    const nanos = Buffer.from(words.buffer);
    nanos.copy(bytes, times.start, 0, 8);
    nanos.copy(bytes, times.end, 8);
    return bytes;
  }

  /** Random and not all zero, which W3C forbids. */
  #id(length: number): Buffer {
    const id = Buffer.alloc(length);
    for (let i = 0; i < length; i += 4) id.writeUInt32LE(this.#random() * 2 ** 32, i);
    if (id.every((byte) => byte === 0)) id[length - 1] = 1;
    return id;
  }
}
