import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RecordFlag } from './slot.ts';
import { logText, placement, put, rows, SLOT_RECORDS, smallKernel, surroundings } from './twins/fixture.ts';
import { scanLines } from './twins/scan-lines.ts';

const kernel = smallKernel();
const slot = kernel.slots.take()!;

/** Texts of the records found in `text`. */
function scan(
  text: string | Buffer,
  options: { maxRecordBytes?: number; final?: boolean; firstRecord?: number } = {},
) {
  const bytes = Buffer.from(text);
  const from = put(kernel, slot, bytes);
  const { firstRecord = 0, maxRecordBytes = 1000, final = false } = options;
  const result = kernel.scanLines(slot, { from, length: bytes.length, firstRecord, maxRecordBytes, final });
  const records = rows(slot, firstRecord + result.count).slice(firstRecord);
  return {
    ...result,
    texts: records.map(({ start, length }) => kernel.bytes.toString('latin1', start, start + length)),
    flags: records.map(({ flags }) => flags),
  };
}

describe('scanLines', () => {
  test('agrees with its twin on any bytes, anywhere in the slot, whatever lies around them', () => {
    fc.assert(
      fc.property(
        logText,
        placement,
        surroundings,
        fc.integer({ min: 1, max: 300 }),
        fc.boolean(),
        fc.integer({ min: 0, max: SLOT_RECORDS }),
        (bytes, place, around, maxRecordBytes, final, firstRecord) => {
          const from = put(kernel, slot, bytes, place, around);
          slot.flags.fill(0xff);
          const result = kernel.scanLines(slot, {
            from,
            length: bytes.length,
            firstRecord,
            maxRecordBytes,
            final,
          });
          const twin = scanLines(bytes, { room: SLOT_RECORDS - firstRecord, maxRecordBytes, final });
          expect(result).toEqual({
            count: twin.records.length,
            consumed: twin.consumed,
            splits: twin.splits,
          });
          const found = rows(slot, firstRecord + result.count).slice(firstRecord);
          expect(found).toEqual(
            twin.records.map((record) => ({ ...record, start: record.start + slot.address + from })),
          );
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('finds the same records however the input is divided over calls', () => {
    fc.assert(
      fc.property(
        logText,
        fc.integer({ min: 1, max: 50 }),
        fc.array(fc.nat(200)),
        (bytes, maxRecordBytes, steps) => {
          const at = put(kernel, slot, bytes);
          let from = at;
          let firstRecord = 0;
          let end = at;
          for (const step of steps) {
            end = Math.min(end + step, at + bytes.length);
            const result = kernel.scanLines(slot, {
              from,
              length: end - from,
              firstRecord,
              maxRecordBytes,
              final: false,
            });
            from += result.consumed;
            firstRecord += result.count;
          }
          const length = at + bytes.length - from;
          const last = kernel.scanLines(slot, { from, length, firstRecord, maxRecordBytes, final: true });
          const whole = scanLines(bytes, { room: SLOT_RECORDS, maxRecordBytes, final: true });
          expect(rows(slot, firstRecord + last.count)).toEqual(
            whole.records.map((record) => ({ ...record, start: record.start + slot.address + at })),
          );
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('leaves the unfinished line', () => {
    expect(scan('one\ntwo\nthr')).toMatchObject({ count: 2, consumed: 8, texts: ['one', 'two'] });
  });

  test('takes the unfinished line when it is final, and says that it has no terminator', () => {
    expect(scan('one\ntwo', { final: true })).toMatchObject({
      consumed: 7,
      texts: ['one', 'two'],
      flags: [0, RecordFlag.unterminated],
    });
  });

  test('counts CR before LF to the terminator, and a lone CR to the content', () => {
    expect(scan('a\r\nb\rc\n\r\n\r').texts).toEqual(['a', 'b\rc', '']);
    expect(scan('a\r', { final: true }).texts).toEqual(['a\r']);
  });

  test('keeps a line of exactly the limit whole, whatever its terminator', () => {
    expect(scan('abcd\nefgh\r\n', { maxRecordBytes: 4 })).toMatchObject({
      texts: ['abcd', 'efgh'],
      splits: 0,
    });
  });

  test('cuts a longer line and flags every piece but the last', () => {
    expect(scan('abcdefghi\n', { maxRecordBytes: 4 })).toMatchObject({
      texts: ['abcd', 'efgh', 'i'],
      flags: [RecordFlag.split, RecordFlag.split, 0],
      splits: 2,
    });
  });

  test('makes progress in a line without end', () => {
    expect(scan('abcdefghi', { maxRecordBytes: 4 })).toMatchObject({
      consumed: 8,
      texts: ['abcd', 'efgh'],
      splits: 2,
    });
  });

  test('does not cut off what may be a terminator', () => {
    expect(scan('abcd\r', { maxRecordBytes: 4 })).toMatchObject({ count: 0, consumed: 0 });
    expect(scan('abcd\rx', { maxRecordBytes: 4 })).toMatchObject({ consumed: 4, texts: ['abcd'] });
  });

  test('stops when the columns are full, in the middle of a cut line too', () => {
    const firstRecord = SLOT_RECORDS - 2;
    expect(scan('a\nb\nc\n', { firstRecord })).toMatchObject({ count: 2, consumed: 4 });
    expect(scan('abcdef\n', { firstRecord, maxRecordBytes: 2 })).toMatchObject({
      count: 2,
      consumed: 4,
      splits: 2,
    });
    expect(scan('a\n', { firstRecord: SLOT_RECORDS })).toMatchObject({ count: 0, consumed: 0 });
  });

  test('finds nothing in nothing', () => {
    expect(scan('', { final: true })).toMatchObject({ count: 0, consumed: 0, splits: 0 });
  });
});
