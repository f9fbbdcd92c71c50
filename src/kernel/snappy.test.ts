import { snappyDecompress } from '@platformatic/wasm-utils';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SLACK, snappyBound } from './layout.ts';
import { logText, smallKernel } from './twins/fixture.ts';
import { snappyDecode } from './twins/snappy.ts';

const kernel = smallKernel({ slotBytes: 2 ** 19, memoryBytes: 2 ** 21 });
const source = kernel.slots.take()!;
const out = kernel.outputs.take()!;

/** Compresses the bytes with `around` behind them, checks both decoders, returns the block. */
function roundTrip(bytes: Uint8Array, around = 0): Buffer {
  source.bytes.fill(around, bytes.length, bytes.length + SLACK);
  source.bytes.set(bytes);
  const length = kernel.snappy(source, bytes.length, out);
  const block = Buffer.from(out.bytes.subarray(0, length));
  expect(snappyDecode(block).equals(bytes)).toBe(true);
  if (bytes.length > 0) expect(snappyDecompress(block).equals(bytes)).toBe(true);
  expect(length).toBeLessThanOrEqual(snappyBound(bytes.length));
  return block;
}

/** Text that repeats at any distance, with differences in between. */
const repetitive = fc
  .tuple(
    fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { minLength: 1, maxLength: 6 }),
    fc.array(fc.nat(1000), { maxLength: 400 }),
  )
  .map(([parts, choices]) =>
    Buffer.concat(choices.flatMap((c) => [parts[c % parts.length]!, Buffer.of(c % 251)])),
  );

/** Bytes without repetition, the same at every run. */
function noise(length: number, seed = 1): Buffer {
  let state = seed;
  return Buffer.from(
    Uint8Array.from({ length }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state >>> 24;
    }),
  );
}

describe('snappy', () => {
  test('is decoded to the input by two decoders: log text', () => {
    fc.assert(
      fc.property(logText, fc.constantFrom(0, 10, 255), (bytes, around) => void roundTrip(bytes, around)),
      { numRuns: 500 },
    );
  });

  test('is decoded to the input by two decoders: repetitions', () => {
    fc.assert(
      fc.property(repetitive, (bytes) => void roundTrip(bytes)),
      { numRuns: 300 },
    );
  });

  test.each([0, 1, 3, 4, 5, 15, 16, 17, 18, 31, 32, 33, 59, 60, 61, 62, 64, 65, 255, 256, 257, 300])(
    'handles %i bytes, noise or all the same',
    (length) => {
      roundTrip(noise(length));
      roundTrip(Buffer.alloc(length, 7), 7);
    },
  );

  test.each([65_535, 65_536, 65_537, 131_072, 300_001])(
    'handles %i bytes: noise, all the same, and a repetition that far apart',
    (length) => {
      roundTrip(noise(length));
      expect(roundTrip(Buffer.alloc(length, 7), 7).length).toBeLessThan(20 + length / 20);
      roundTrip(Buffer.concat([noise(100), noise(length - 100, 5), noise(100)]));
    },
  );

  test.each(Array.from({ length: 140 }, (_, i) => i + 1))('handles a match of %i bytes', (length) => {
    const match = noise(length, 9);
    roundTrip(Buffer.concat([match, noise(100, 3), match, noise(100, 4)]));
    roundTrip(Buffer.concat([match, noise(5000, 3), match]));
  });

  test('takes no place for a copy of itself where the table says nothing about it', () => {
    for (let length = 65_500; length <= 65_540; length++) {
      roundTrip(Buffer.concat([Buffer.alloc(length, 7), noise(100, length)]));
    }
  });

  test.each(Array.from({ length: 12 }, (_, i) => 2042 + i))(
    'handles a short match %i bytes back',
    (distance) => {
      const match = noise(9, 9);
      roundTrip(Buffer.concat([noise(5), match, Buffer.alloc(distance - 9, 7), match, noise(100, 4)]));
    },
  );

  test('grows noise by no more than the format allows', () => {
    const bytes = noise(200_000);
    expect(roundTrip(bytes).length).toBeLessThan(bytes.length + 100);
  });

  test('gives the same block for the same input, whatever was compressed before', () => {
    const bytes = Buffer.concat([noise(1000), noise(1000)]);
    const block = roundTrip(bytes);
    roundTrip(noise(100_000, 77));
    expect(roundTrip(bytes)).toEqual(block);
  });

  test('refuses a region that may be too small', () => {
    expect(() => kernel.snappy(source, 1000, { ...out, capacity: 1000 })).toThrow(
      /1000 bytes may grow to 1199, the region holds 1000/,
    );
  });
});
