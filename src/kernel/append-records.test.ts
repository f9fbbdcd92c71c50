import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { appendRecords } from './twins/append-records.ts';
import { logText, put, rows, SLOT_RECORDS, smallKernel } from './twins/fixture.ts';

describe('appendRecords', () => {
  test('agrees with its twin for any number of records behind any others', () => {
    const kernel = smallKernel();
    const [source, target, expected] = [kernel.slots.take()!, kernel.slots.take()!, kernel.slots.take()!];
    fc.assert(
      fc.property(logText, fc.nat(SLOT_RECORDS), fc.nat(200), (bytes, targetBytes, targetCount) => {
        const data = bytes.subarray(0, source.capacity - targetBytes);
        put(kernel, source, data);
        put(kernel, target, new Uint8Array(0));
        put(kernel, expected, new Uint8Array(0));
        const scan = { from: 0, length: data.length, firstRecord: 0, maxRecordBytes: 64, final: true };
        const count = Math.min(kernel.scanLines(source, scan).count, SLOT_RECORDS - targetCount);
        target.lengths.fill(0);
        target.starts.fill(target.address);
        expected.lengths.fill(0);
        expected.starts.fill(expected.address);

        kernel.appendRecords(target, targetBytes, targetCount, source, data.length, count);
        appendRecords(expected, targetBytes, targetCount, source, data.length, count);

        expect(target.bytes.equals(expected.bytes)).toBe(true);
        const distance = target.address - expected.address;
        const moved = rows(expected, SLOT_RECORDS).map((record) => ({
          ...record,
          start: record.start + distance,
        }));
        expect(rows(target, targetCount + count)).toEqual(moved.slice(0, targetCount + count));
      }),
      { numRuns: 500 },
    );
  });
});
