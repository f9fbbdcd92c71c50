import fc from 'fast-check';
import { expect, test } from 'vitest';
import { partOf, type Run } from '../../../test/fixtures/disk-buffer.ts';
import { FakeClock } from '../../component/fake-clock.ts';
import { liveRow } from '../../component/lines.ts';
import { Kernel } from '../../kernel/kernel.ts';
import { RecordFlag } from '../../kernel/slot.ts';
import type { Batch } from '../../record/batch.ts';
import { liveCount, type Segment } from '../../record/segment.ts';
import { stampOf } from '../../record/stamp.ts';
import { ContextRow } from '../../record/traced.ts';
import { Frame } from './decode.ts';
import { FrameEncoder, type Part } from './encode.ts';
import { HEADER_BYTES, readHeader } from './format.ts';
import { StoredBatch } from './stored-batch.ts';
import { StoredStreams } from './stored-streams.ts';

const kernel = Kernel.create({ memoryBytes: 2 ** 20, slotBytes: 2 ** 14, slotRecords: 300 });
const clock = new FakeClock();
const NONCE = 77;

/** All that a sink can learn of a record. */
function seen(batch: Batch, segments: readonly Segment[]) {
  const { slot } = batch;
  return segments.flatMap((segment) =>
    Array.from({ length: liveCount(segment) }, (_, i) => {
      const row = liveRow(segment, i);
      const start = slot.starts[row]!;
      const { id, source, sourceType, labels, path } = segment.stream;
      return {
        text: kernel.bytes.toString('latin1', start, start + slot.lengths[row]!),
        flags: slot.flags[row],
        severity: batch.hasSeverities ? slot.severities[row] : 0,
        timestamp: batch.hasTimestamps ? slot.timestamps[row] : 0n,
        fields: batch.fields?.at(row),
        ids: stampOf(kernel, slot, segment.traced, row),
        stream: { id, source, sourceType, labels, path },
        readAt: segment.readAt,
      };
    }),
  );
}

function frameOf(part: Part): Frame {
  const { frame } = new FrameEncoder({ kernel, clock }).encode(part, { number: 3, nonce: NONCE });
  const header = readHeader(frame, NONCE)!;
  return new Frame(Buffer.from(frame.subarray(HEADER_BYTES)), header);
}

/** Reads a frame back into as many slots as it takes. */
function stored(frame: Frame, target = kernel): StoredBatch[] {
  const batches: StoredBatch[] = [];
  const fresh = () => new StoredBatch(target.slots.take()!, { clock, streams });
  const streams = new StoredStreams();
  let batch = fresh();
  for (const record of frame.entries()) {
    if (batch.add(frame, record)) continue;
    batches.push(batch);
    batch = fresh();
    if (!batch.add(frame, record)) throw new Error('too large');
  }
  batches.push(batch);
  for (const each of batches) each.seal();
  return batches;
}

const bool = fc.boolean();
const context = fc.option(
  fc.uint8Array({ minLength: 24, maxLength: 24 }).map((ids) => {
    const row = new Uint8Array(ContextRow.size);
    row.set(ids);
    row[ContextRow.present] = 1;
    return row;
  }),
  { nil: undefined },
);

const run: fc.Arbitrary<Run> = fc
  .record({
    lines: fc.array(fc.string({ unit: 'binary', maxLength: 20 }), { minLength: 1, maxLength: 12 }),
    keep: fc.option(fc.array(bool, { minLength: 12, maxLength: 12 }), { nil: undefined }),
    trace: fc.option(fc.array(bool, { minLength: 12, maxLength: 12 }), { nil: undefined }),
    traceAll: bool,
    prefix: fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }),
    seed: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    contexts: fc.array(context, { minLength: 12, maxLength: 12 }),
    hasContexts: bool,
    severities: fc.array(fc.integer({ min: 0, max: 24 }), { minLength: 12, maxLength: 12 }),
    timestamps: fc.array(fc.bigInt({ min: 0n, max: 2n ** 63n }), { minLength: 12, maxLength: 12 }),
    fields: fc.array(fc.option(fc.dictionary(fc.string(), fc.jsonValue()), { nil: undefined }), {
      minLength: 12,
      maxLength: 12,
    }),
    path: fc.constantFrom('/a', '/b'),
    readAt: fc.integer({ min: 0, max: 1000 }),
  })
  .map((r): Run => {
    const places = r.lines.map((_, place) => place);
    const live = r.keep === undefined ? undefined : places.filter((place) => r.keep![place]);
    const rows = (live ?? places).filter((place) => r.trace?.[place]);
    const isTraced = r.traceAll || (r.trace !== undefined && rows.length > 0);
    return {
      lines: r.lines,
      stream: { path: r.path, id: r.path, labels: { a: r.path } },
      readAt: r.readAt,
      severities: r.severities,
      timestamps: r.timestamps,
      fields: r.fields.map((each) => (each === undefined ? undefined : JSON.parse(JSON.stringify(each)))),
      contexts: r.contexts,
      ...(live !== undefined && { live }),
      ...(isTraced && {
        traced: {
          prefix: r.prefix,
          seed: r.seed,
          threshold: 5n,
          stamp: 'trace_and_span' as const,
          hasContexts: r.hasContexts,
          ...(!r.traceAll && { rows }),
        },
      }),
    };
  });

test('a sink sees of stored records what it would have seen of them at first, ids of their traces included', () => {
  fc.assert(
    fc.property(fc.array(run, { minLength: 1, maxLength: 4 }), (runs) => {
      const part = partOf(kernel, runs);
      const expected = seen(part.batch, part.segments);
      const batches = stored(frameOf(part));
      const found = batches.flatMap((batch) => seen(batch, batch.segments));
      kernel.slots.give(part.batch.slot);
      for (const { slot } of batches) kernel.slots.give(slot);
      expect(found).toEqual(expected);
    }),
    { numRuns: 300 },
  );
});

test('a frame that is larger than a slot is divided, and nothing of a record changes', () => {
  const small = Kernel.create({ memoryBytes: 2 ** 16, slotBytes: 256, slotRecords: 7 });
  const traced = {
    prefix: 4n,
    seed: 9n,
    threshold: 0n,
    stamp: 'trace_and_span' as const,
    hasContexts: false,
  };
  const lines = Array.from({ length: 40 }, (_, k) => `line ${k} ${'x'.repeat(k)}`);
  const part = partOf(kernel, [
    {
      lines,
      live: lines.map((_, k) => k).filter((k) => k % 3 !== 1),
      traced: { ...traced, rows: [0, 5, 9, 39] },
    },
    { lines, traced },
  ]);
  const expected = seen(part.batch, part.segments);
  const batches = stored(frameOf(part), small);
  expect(batches.length).toBeGreaterThan(10);
  let before = 0;
  for (const segment of batches.flatMap(({ segments }) => segments)) {
    // A run begins anew, or goes on behind what of it was in the segment before.
    expect([0, before]).toContain(segment.earlier ?? 0);
    before = (segment.earlier ?? 0) + liveCount(segment);
  }
  expect(before).toBe(40);
  const found = batches.flatMap((batch) => {
    const { slot } = batch;
    return batch.segments.flatMap((segment) =>
      Array.from({ length: liveCount(segment) }, (_, i) => {
        const row = liveRow(segment, i);
        const start = slot.starts[row]!;
        return {
          text: small.bytes.toString('latin1', start, start + slot.lengths[row]!),
          ids: stampOf(small, slot, segment.traced, row),
        };
      }),
    );
  });
  expect(found).toEqual(expected.map(({ text, ids }) => ({ text, ids })));
  kernel.slots.give(part.batch.slot);
});

test('bytes of a segment lie together, a terminator behind each record but behind a piece of a longer line', () => {
  const part = partOf(kernel, [{ lines: ['one', 'piece', 'rest'] }]);
  part.batch.slot.flags[1] = RecordFlag.split;
  const [batch] = stored(frameOf(part));
  const { address, bytes } = batch!.segments[0]!;
  expect(kernel.bytes.toString('latin1', address, address + bytes)).toBe('one\npiecerest\n');
  kernel.slots.give(part.batch.slot);
  kernel.slots.give(batch!.slot);
});

test('a record that fits into no slot is refused by an empty batch', () => {
  const small = Kernel.create({ memoryBytes: 2 ** 16, slotBytes: 64, slotRecords: 7 });
  const part = partOf(kernel, [{ lines: ['x'.repeat(64)] }]);
  const frame = frameOf(part);
  const batch = new StoredBatch(small.slots.take()!, { clock, streams: new StoredStreams() });
  const [record] = frame.entries();
  expect(batch.add(frame, record!)).toBe(false);
  expect(batch.segments).toEqual([]);
  kernel.slots.give(part.batch.slot);
});
