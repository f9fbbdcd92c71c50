import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { liveRow } from '../../component/lines.ts';
import type { Region } from '../../kernel/kernel.ts';
import type { Delivery } from '../../record/delivery.ts';
import { stampOf } from '../../record/stamp.ts';
import type { Body, BodyEncoder, BodyParts } from './body.ts';
import { type Range, type Run, runsOf } from './range.ts';

/**
 * Bodies as JSON: `{"streams":[{"stream":{labels},"values":[["nanoseconds","line",{metadata}],…]},…]}`
 * (Loki HTTP API, "Ingest logs"). For receivers that do not read protobuf.
 */
export class JsonBody implements BodyEncoder {
  readonly headers: Readonly<Record<string, string>>;
  readonly #parts: BodyParts;
  readonly #compress: boolean;

  constructor(parts: BodyParts, compression: 'gzip' | 'none') {
    this.#parts = parts;
    this.#compress = compression === 'gzip';
    this.headers = {
      'content-type': 'application/json',
      ...(this.#compress && { 'content-encoding': 'gzip' }),
    };
  }

  async encode(delivery: Delivery, range: Range, maxBytes: number, out: Region): Promise<Body> {
    let { at, end } = this.#write(delivery, range, { ...out, capacity: Math.min(maxBytes, out.capacity) });
    // One record may be larger than bodies should be, as long as the region holds it.
    if (end === range.from)
      ({ at, end } = this.#write(delivery, { from: range.from, to: range.from + 1 }, out));
    const raw = out.bytes.subarray(0, at);
    return { bytes: this.#compress ? await gzipped(raw) : raw, rawBytes: at, end };
  }

  #write(delivery: Delivery, range: Range, out: Region): { at: number; end: number } {
    // Behind every record there must be room to close what is open.
    const body = new JsonText(out, CLOSE.length);
    body.put('{"streams":[');
    let end = range.from;
    for (const run of runsOf(delivery, range)) {
      const count = this.#stream(delivery, run, body);
      end = run.offset + count;
      if (count < run.count) break;
    }
    return { at: body.close(), end };
  }

  /** Writes as many records of the run as fit, and says how many. */
  #stream(delivery: Delivery, run: Run, body: JsonText): number {
    const { clock, kernel, labels, metadata, timestamps, ownTimes } = this.#parts;
    const { batch } = delivery;
    const { segment } = run;
    const { pairs, moved } = labels.of(segment.stream, clock.now());
    const stamp = metadata.stampOf(segment);
    const firstNs = timestamps.firstNs(segment);
    const useTimestamps = ownTimes && batch.hasTimestamps;
    const restore = useTimestamps ? timestamps.separate(segment, batch.slot) : undefined;
    const { slot } = batch;
    let before = `${body.empty ? '' : ']},'}{"stream":${JSON.stringify(pairs)},"values":[`;
    try {
      for (let count = 0; count < run.count; count++) {
        const row = liveRow(segment, run.from + count);
        const own = useTimestamps ? slot.timestamps[row]! : 0n;
        const ns = own === 0n ? firstNs + BigInt(run.from + count) : own;
        const ids = stampOf(kernel, slot, stamp, row);
        const extra = { ...Object.fromEntries(metadata.pairsOf(batch, row, moved)), ...ids };
        const after = Object.keys(extra).length === 0 ? '"]' : `",${JSON.stringify(extra)}]`;
        const fits = body.record(`${before}["${ns}","`, after, (at) =>
          kernel.escapeJson(slot.starts[row]!, slot.lengths[row]!, body.room, at),
        );
        if (!fits) return count;
        before = ',';
      }
      return run.count;
    } finally {
      restore?.();
    }
  }
}

const gzipped = promisify<Buffer, Buffer>((input, callback) => gzip(input, { level: 1 }, callback));

const CLOSE = ']}]}';

/** Text in a region that grows by whole records or not at all. */
class JsonText {
  /** The region without what closing takes. */
  readonly room: Region;
  readonly #out: Region;
  #at = 0;
  #records = 0;

  constructor(out: Region, reserved: number) {
    this.#out = out;
    this.room = { ...out, capacity: out.capacity - reserved };
  }

  get empty(): boolean {
    return this.#records === 0;
  }

  put(text: string): void {
    this.#at += this.#out.bytes.write(text, this.#at);
  }

  /** `escaped` writes the middle from an offset on and returns its end, or -1. */
  record(before: string, after: string, escaped: (at: number) => number): boolean {
    const beforeBytes = Buffer.byteLength(before);
    if (this.#at + beforeBytes > this.room.capacity) return false;
    this.room.bytes.write(before, this.#at);
    const end = escaped(this.#at + beforeBytes);
    if (end < 0 || end + Buffer.byteLength(after) > this.room.capacity) return false;
    this.#at = end + this.room.bytes.write(after, end);
    this.#records++;
    return true;
  }

  /** Returns the length of the whole. */
  close(): number {
    this.put(this.empty ? ']}' : CLOSE);
    return this.#at;
  }
}
