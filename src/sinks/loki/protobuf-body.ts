import { selectLive } from '../../component/lines.ts';
import type { Region } from '../../kernel/kernel.ts';
import type { Delivery } from '../../record/delivery.ts';
import type { Body, BodyEncoder, BodyParts } from './body.ts';
import { type Range, type Run, runsOf } from './range.ts';

/** Bodies as protobuf `PushRequest` in the snappy block format, made by the kernel without a copy in JavaScript. */
export class ProtobufBody implements BodyEncoder {
  readonly headers = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' };
  readonly #parts: BodyParts;

  constructor(parts: BodyParts) {
    this.#parts = parts;
  }

  /** Synchronous from end to end: the kernel's scratch memory is valid no longer. */
  encode(delivery: Delivery, range: Range, maxBytes: number, out: Region): Body {
    const { kernel } = this.#parts;
    const limited = { ...kernel.scratch, capacity: Math.min(maxBytes, kernel.scratch.capacity) };
    kernel.idRegions.count = 0;
    const begin: Written = { count: 0, at: 0, blobsAt: 0 };
    let end = range.from;
    let written = begin;
    for (const run of runsOf(delivery, range)) {
      const next = this.#segment(delivery, run, limited, written);
      end = run.offset + next.count;
      written = next;
      if (next.count < run.count) break;
    }
    if (end === range.from) {
      // One record may be larger than bodies should be, as long as the kernel can hold it.
      const run = runsOf(delivery, { from: range.from, to: range.from + 1 })[0]!;
      written = this.#segment(delivery, run, kernel.scratch, begin);
      end = range.from + written.count;
    }
    const length = kernel.snappy(kernel.scratch, written.at, out, { regions: kernel.idRegions });
    return { bytes: out.bytes.subarray(0, length), rawBytes: written.at, end };
  }

  /** Appends as many records of the run as fit, and says how many. */
  #segment(delivery: Delivery, run: Run, out: Region, from: Written): Written {
    const { clock, labels, metadata, timestamps, ownTimes, kernel } = this.#parts;
    const { batch } = delivery;
    const { segment } = run;
    const { text, moved } = labels.of(segment.stream, clock.now());
    const traced = metadata.stampOf(segment);
    const stamp = traced && { ...traced, spanIds: traced.stamp === 'trace_and_span' };
    const firstNs = timestamps.firstNs(segment) + BigInt(run.from);
    const useTimestamps = ownTimes && batch.hasTimestamps;
    const restore = useTimestamps ? timestamps.separate(segment, batch.slot) : undefined;
    try {
      for (let count = run.count; count > 0; count >>= 1) {
        const filled = metadata.fillBlobs(batch, { ...run, count }, moved, from.blobsAt);
        // A single record with more metadata than fits goes without.
        if (filled < 0 && (count > 1 || from.at > 0)) continue;
        const selection = selectLive(delivery, segment, run.from, count);
        const useBlobs = filled > from.blobsAt;
        const options = { labels: text, firstNs, useTimestamps, useBlobs, stamp };
        const at = kernel.lokiStream(selection, out, from.at, options);
        if (at >= 0) return { count, at, blobsAt: filled };
      }
      return { ...from, count: 0 };
    } finally {
      restore?.();
    }
  }
}

interface Written {
  readonly count: number;
  /** Ends of the body and of the blobs so far. */
  readonly at: number;
  readonly blobsAt: number;
}
