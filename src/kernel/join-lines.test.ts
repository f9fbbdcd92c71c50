import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Region } from './kernel.ts';
import { SLACK } from './layout.ts';
import { RecordFlag } from './slot.ts';
import {
  liveRows,
  logText,
  placement,
  put,
  rows,
  SLOT_RECORDS,
  smallKernel,
  surroundings,
} from './twins/fixture.ts';
import { joinLines } from './twins/join-lines.ts';

const kernel = smallKernel();
const slot = kernel.slots.take()!;
const out = kernel.outputs.take()!;

function scanned(
  bytes: Uint8Array,
  place: 'start' | 'middle' | 'end' = 'start',
  around = 0,
  maxRecordBytes = 4096,
): number {
  const from = put(kernel, slot, bytes, place, around);
  return kernel.scanLines(slot, { from, length: bytes.length, firstRecord: 0, maxRecordBytes, final: true })
    .count;
}

describe('joinLines', () => {
  test('agrees with its twin on any records and any choice of them', () => {
    const input = logText.chain((bytes) => fc.tuple(fc.constant(bytes), liveRows(SLOT_RECORDS)));
    fc.assert(
      fc.property(
        input,
        placement,
        surroundings,
        fc.integer({ min: 1, max: 300 }),
        ([bytes, list], place, around, max) => {
          const count = scanned(bytes, place, around, max);
          const live = list?.filter((row) => row < count) ?? null;
          const all = rows(slot, count);
          const chosen = live === null ? all : [...live].map((row) => all[row]!);
          const end = kernel.joinLines({ slot, first: 0, count, live }, out, 3);
          expect(out.bytes.subarray(3, end)).toEqual(joinLines(kernel.bytes, chosen));
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('agrees with its twin on records in any order and place', () => {
    const record = fc.record({ start: fc.nat(4000), length: fc.nat(90), flags: fc.constantFrom(0, 1, 2, 4) });
    fc.assert(
      fc.property(logText, fc.array(record, { maxLength: 20 }), (bytes, records) => {
        put(kernel, slot, bytes);
        records.forEach(({ start, length, flags }, i) => {
          slot.starts[i] = slot.address + start;
          slot.lengths[i] = length;
          slot.flags[i] = flags;
        });
        const end = kernel.joinLines({ slot, first: 0, count: records.length, live: null }, out, 0);
        expect(out.bytes.subarray(0, end)).toEqual(joinLines(kernel.bytes, rows(slot, records.length)));
      }),
    );
  });

  test('gives back the input when nothing was cut and the last line is finished', () => {
    const input = Buffer.from('one\r\n\ntwo\n\0\xff\n', 'latin1');
    const count = scanned(input);
    const end = kernel.joinLines({ slot, first: 0, count, live: null }, out, 0);
    expect(out.bytes.subarray(0, end)).toEqual(input);
  });

  test('ends a line without terminator with LF, even when what lies behind looks like one', () => {
    const count = scanned(Buffer.from('one\ntwo'), 'start', 0x0a);
    slot.bytes.write('\r\n', 7);
    const end = kernel.joinLines({ slot, first: 0, count, live: null }, out, 0);
    expect(out.bytes.toString('latin1', 0, end)).toBe('one\ntwo\n');
  });

  test('ends each piece of a cut line with LF', () => {
    const count = scanned(Buffer.from('abcdef\r\n'), 'start', 0, 2);
    expect(slot.flags[0]).toBe(RecordFlag.split);
    const end = kernel.joinLines({ slot, first: 0, count, live: null }, out, 0);
    expect(out.bytes.toString('latin1', 0, end)).toBe('ab\ncd\nef\r\n');
  });

  test('takes rows from `first` on', () => {
    scanned(Buffer.from('a\nb\nc\nd\n'));
    const end = kernel.joinLines({ slot, first: 1, count: 2, live: null }, out, 0);
    expect(out.bytes.toString('latin1', 0, end)).toBe('b\nc\n');
  });

  test('says so when it does not fit, and fits to the last byte', () => {
    const count = scanned(Buffer.from('one\ntwo\r\nx'));
    const region = (capacity: number): Region => ({ ...out, capacity });
    expect(kernel.joinLines({ slot, first: 0, count, live: null }, region(11), 0)).toBe(11);
    for (let capacity = 0; capacity < 11; capacity++) {
      expect(kernel.joinLines({ slot, first: 0, count, live: null }, region(capacity), 0)).toBe(-1);
    }
  });

  test.each(['', '\n'])('writes nothing behind a region that is too small, last terminator %j', (last) => {
    const line = (letter: string) => letter.repeat(1000);
    const count = scanned(Buffer.from(`${line('x')}\n${line('y')}\n${line('z')}${last}`));
    for (const live of [null, Uint32Array.of(0, 2)]) {
      const size = (live?.length ?? count) * 1001;
      for (const capacity of [0, 500, 1000, 1001, 1500, size - 1]) {
        out.bytes.fill(0x5a);
        expect(kernel.joinLines({ slot, first: 0, count, live }, { ...out, capacity }, 0)).toBe(-1);
        expect(out.bytes.subarray(capacity + SLACK).every((byte) => byte === 0x5a)).toBe(true);
      }
    }
  });
});
