import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RECORD_SPLIT, RECORD_UNTERMINATED } from './assembly/record-flag.ts';
import { Kernel } from './kernel.ts';
import { RecordFlag } from './slot.ts';
import { spanIdOf, traceIdOf } from './trace-ids.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

describe('Kernel.create', () => {
  test('keeps slots within the configured memory', () => {
    const kernel = Kernel.create({ memoryBytes: 64 * MIB, slotBytes: MIB, slotRecords: 50_000 });
    expect(kernel.slots.size).toBe(34);
    expect(kernel.slots.size * (MIB + 50_000 * 18)).toBeLessThanOrEqual(64 * MIB);
  });

  test('gives regions that do not overlap and lie in the memory', () => {
    const kernel = Kernel.create({ memoryBytes: MIB, slotBytes: 10_001, slotRecords: 77, spanBytes: 5001 });
    const views: { byteOffset: number; byteLength: number }[] = [
      kernel.scratch.bytes,
      kernel.blobs.starts,
      kernel.blobs.lengths,
      kernel.blobs.region.bytes,
      kernel.spans.bytes,
    ];
    for (let slot = kernel.slots.take(); slot !== undefined; slot = kernel.slots.take()) {
      views.push(
        slot.bytes,
        slot.starts,
        slot.lengths,
        slot.flags,
        slot.severities,
        slot.timestamps,
        slot.contexts,
      );
    }
    for (let out = kernel.outputs.take(); out !== undefined; out = kernel.outputs.take())
      views.push(out.bytes);
    views.sort((a, b) => a.byteOffset - b.byteOffset);
    views.slice(1).forEach((view, i) => {
      expect(view.byteOffset).toBeGreaterThanOrEqual(views[i]!.byteOffset + views[i]!.byteLength + 64);
    });
    const last = views.at(-1)!;
    expect(last.byteOffset + last.byteLength + 64).toBeLessThanOrEqual(kernel.bytes.length);
  });

  test('has as many slots with room for spans as without', () => {
    const options = { memoryBytes: MIB, slotBytes: 10_000, slotRecords: 100 };
    const kernel = Kernel.create({ ...options, spanBytes: 64 * MIB });
    expect(kernel.spans.capacity).toBe(64 * MIB);
    expect(kernel.slots.size).toBe(Kernel.create(options).slots.size);
    expect(Kernel.create(options).spans.capacity).toBe(0);
  });

  test('says what to set when three slots do not fit', () => {
    expect(() => Kernel.create({ memoryBytes: 4 * MIB, slotBytes: MIB, slotRecords: 50_000 })).toThrow(
      /dispatcher.memory \(4194304 bytes\) holds 2 batches .* set it to at least \d+/,
    );
  });

  test('says how much is too much', () => {
    expect(() => Kernel.create({ memoryBytes: 2 ** 33, slotBytes: MIB, slotRecords: 50_000 })).toThrow(
      /can address; make it smaller by \d+/,
    );
  });

  test('works at addresses above 2 GiB', () => {
    const kernel = Kernel.create({ memoryBytes: 3 * 1024 * MIB, slotBytes: 64 * MIB, slotRecords: 1000 });
    let slot = kernel.slots.take()!;
    for (let next = kernel.slots.take(); next !== undefined; next = kernel.slots.take()) slot = next;
    expect(slot.address).toBeGreaterThan(2 ** 31);
    slot.bytes.write('one "quoted"\ntwo\n');
    const { count } = kernel.scanLines(slot, {
      from: 0,
      length: 17,
      firstRecord: 0,
      maxRecordBytes: 100,
      final: false,
    });
    const out = kernel.outputs.take()!;
    expect(kernel.joinLines({ slot, first: 0, count, live: null }, out, 0)).toBe(17);
    expect(kernel.escapeJson(slot.starts[0]!, slot.lengths[0]!, out, 0)).toBe(14);
    expect(kernel.snappy(slot, 17, out)).toBeGreaterThan(17);
  });
});

test('the flags of both languages are the same', () => {
  expect([RECORD_SPLIT, RECORD_UNTERMINATED]).toEqual([RecordFlag.split, RecordFlag.unterminated]);
});

test('ids of single records are those of the twin', () => {
  const kernel = Kernel.create({ memoryBytes: MIB, slotBytes: 10_000, slotRecords: 100 });
  fc.assert(
    fc.property(
      fc.bigInt(0n, 2n ** 64n - 1n),
      fc.bigInt(0n, 2n ** 56n - 1n),
      fc.nat(50_000),
      fc.nat(13),
      (seed, th, row, n) => {
        expect(kernel.traceId({ prefix: 9n, seed }, th, row)).toEqual(
          traceIdOf({ prefix: 9n, seed }, th, row),
        );
        expect(kernel.spanId(seed, th, row, n)).toEqual(spanIdOf(seed, th, row, n));
      },
    ),
  );
});
