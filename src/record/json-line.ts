import type { Kernel, Region } from '../kernel/kernel.ts';
import { RecordFlag } from '../kernel/slot.ts';
import type { Batch } from './batch.ts';
import type { Segment } from './segment.ts';
import { severityName } from './severity.ts';
import { stampOf } from './stamp.ts';
import type { Stream } from './stream.ts';

/**
 * One record as one line of JSON, for sinks that write lines. Keys, in this order:
 * `timestamp` (RFC 3339, UTC; the record's own time with nanoseconds where a processor found one, else when it was read),
 * `source` (id of the configured source), `file` (path of the file, or the stream's id), `labels` (of the source; absent
 * when there are none), `level` (trace, debug, info, warn, error, fatal; absent when unknown), `message` (the text),
 * `trace_id`, `span_id` (of the log's trace; absent when it is not traced), `fields` (what a processor parsed; absent when
 * nothing), `split: true` (a piece of a line longer than the source
 * allows; the next line of the same file goes on with it), `unparsed: true` (a processor could not parse it).
 * Bytes of the text that are not UTF-8 become U+FFFD.
 */
export class JsonLineEncoder {
  readonly #kernel: Kernel;
  readonly #origins = new WeakMap<Stream, string>();
  #second = -1n;
  #secondText = '';

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /**
   * Writes the record in row `row` of the batch, with its LF, to `out` from `at` on. `readAtMs`: milliseconds since
   * 1970. Returns the new end, or -1 when it does not fit (then `out` behind `at` is undefined).
   */
  write(batch: Batch, segment: Segment, row: number, readAtMs: number, out: Region, at: number): number {
    const { slot } = batch;
    const start = put(this.#before(batch, segment.stream, row, readAtMs), out, at);
    if (start < 0) return -1;
    const end = this.#kernel.escapeJson(slot.starts[row]!, slot.lengths[row]!, out, start);
    return end < 0 ? -1 : put(this.#after(batch, segment, row), out, end);
  }

  /** The same as a buffer of its own, for a record too large for any region. */
  allocate(batch: Batch, segment: Segment, row: number, readAtMs: number): Buffer {
    const start = batch.slot.starts[row]!;
    const message = JSON.stringify(
      this.#kernel.bytes.toString('utf8', start, start + batch.slot.lengths[row]!),
    );
    const before = this.#before(batch, segment.stream, row, readAtMs);
    return Buffer.from(before + message.slice(1, -1) + this.#after(batch, segment, row));
  }

  /** Everything up to the opening quote of the message. */
  #before(batch: Batch, stream: Stream, row: number, readAtMs: number): string {
    const level = batch.hasSeverities ? severityName(batch.slot.severities[row]!) : undefined;
    const levelKey = level === undefined ? '' : `,"level":"${level}"`;
    return `{"timestamp":"${this.#timestamp(batch, row, readAtMs)}"${this.#origin(stream)}${levelKey},"message":"`;
  }

  #timestamp(batch: Batch, row: number, readAtMs: number): string {
    const own = batch.hasTimestamps ? batch.slot.timestamps[row]! : 0n;
    const ns = own === 0n ? BigInt(Math.floor(readAtMs)) * 1_000_000n : own;
    const second = ns / 1_000_000_000n;
    if (second !== this.#second) {
      this.#second = second;
      // 2026-11-22T18:05:11.000Z without the fraction
      this.#secondText = new Date(Number(second) * 1000).toISOString().slice(0, -5);
    }
    const fraction = String(ns % 1_000_000_000n).padStart(9, '0');
    return `${this.#secondText}.${own === 0n ? fraction.slice(0, 3) : fraction}Z`;
  }

  #origin(stream: Stream): string {
    let origin = this.#origins.get(stream);
    if (origin === undefined) {
      origin = `,"source":${JSON.stringify(stream.source)},"file":${JSON.stringify(stream.path ?? stream.id)}`;
      if (Object.keys(stream.labels).length > 0) origin += `,"labels":${JSON.stringify(stream.labels)}`;
      this.#origins.set(stream, origin);
    }
    return origin;
  }

  /** Everything from the closing quote of the message on. */
  #after(batch: Batch, segment: Segment, row: number): string {
    const flags = batch.slot.flags[row]!;
    const ids = stampOf(this.#kernel, batch.slot, segment.traced, row);
    const fields = batch.fields?.at(row);
    return (
      '"' +
      (ids === undefined ? '' : `,"trace_id":"${ids.trace_id}"`) +
      (ids?.span_id === undefined ? '' : `,"span_id":"${ids.span_id}"`) +
      (fields === undefined ? '' : `,"fields":${JSON.stringify(fields)}`) +
      (flags & RecordFlag.split ? ',"split":true' : '') +
      (flags & RecordFlag.unparsed ? ',"unparsed":true' : '') +
      '}\n'
    );
  }
}

/** Writes a text as UTF-8; returns the new end, or -1 when it does not fit. */
function put(text: string, out: Region, at: number): number {
  const room = out.capacity - at;
  // Three bytes a UTF-16 unit is the most UTF-8 needs: measuring is only worth it close to the end.
  if (text.length * 3 > room && Buffer.byteLength(text) > room) return -1;
  return at + out.bytes.write(text, at);
}
