import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SLACK } from './layout.ts';
import { escapeJson } from './twins/escape-json.ts';
import { logText, placement, put, smallKernel, surroundings } from './twins/fixture.ts';

const kernel = smallKernel();
const slot = kernel.slots.take()!;
const out = kernel.outputs.take()!;

describe('escapeJson', () => {
  test('agrees with its twin on any bytes, whatever lies around them', () => {
    fc.assert(
      fc.property(
        fc.oneof(logText, fc.uint8Array({ maxLength: 100 })),
        placement,
        surroundings,
        (bytes, place, around) => {
          const from = put(kernel, slot, bytes, place, around);
          const end = kernel.escapeJson(slot.address + from, bytes.length, out, 5);
          expect(out.bytes.toString('utf8', 5, end)).toBe(escapeJson(bytes));
        },
      ),
      { numRuns: 3000 },
    );
  });

  test.each(Array.from({ length: 256 }, (_, byte) => byte))(
    'writes byte %i as JSON.stringify does',
    (byte) => {
      const from = put(kernel, slot, Uint8Array.of(0x61, byte, 0x62));
      const end = kernel.escapeJson(slot.address + from, 3, out, 0);
      expect(out.bytes.toString('utf8', 0, end)).toBe(escapeJson(Uint8Array.of(0x61, byte, 0x62)));
    },
  );

  test('replaces each maximal part of a broken sequence once', () => {
    const from = put(kernel, slot, Buffer.from('f09f98e4b8c0af', 'hex'));
    const end = kernel.escapeJson(slot.address + from, 7, out, 0);
    expect(out.bytes.toString('utf8', 0, end)).toBe('\ufffd\ufffd\ufffd\ufffd');
  });

  test('leaves U+2028 and U+2029 as they are', () => {
    const bytes = Buffer.from('\u2028\u2029');
    const from = put(kernel, slot, bytes);
    const end = kernel.escapeJson(slot.address + from, bytes.length, out, 0);
    expect(out.bytes.toString('utf8', 0, end)).toBe('\u2028\u2029');
  });

  test('says so when it does not fit, and fits to the last byte', () => {
    fc.assert(
      fc.property(logText, fc.nat(10), (bytes, at) => {
        const from = put(kernel, slot, bytes);
        const needed = at + Buffer.byteLength(escapeJson(bytes));
        expect(kernel.escapeJson(slot.address + from, bytes.length, { ...out, capacity: needed }, at)).toBe(
          needed,
        );
        if (needed > at) {
          expect(
            kernel.escapeJson(slot.address + from, bytes.length, { ...out, capacity: needed - 1 }, at),
          ).toBe(-1);
        }
      }),
    );
  });

  test.each(['plain text ', '"', '\x01', '\xff'])(
    'writes nothing behind a region that is too small: %j',
    (unit) => {
      const bytes = Buffer.from(unit.repeat(200), 'latin1');
      const from = put(kernel, slot, bytes);
      for (let capacity = 0; capacity < 200; capacity++) {
        out.bytes.fill(0x5a);
        expect(kernel.escapeJson(slot.address + from, bytes.length, { ...out, capacity }, 0)).toBe(-1);
        expect(out.bytes.subarray(capacity + SLACK).every((byte) => byte === 0x5a)).toBe(true);
      }
    },
  );
});
