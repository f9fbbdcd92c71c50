import { constants, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DeflateWriter, MAX_DISTANCE } from './deflate-writer.ts';

const inflate = (bytes: Buffer) => inflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH });

test('stored blocks and copies of any length and distance are what zlib reads', () => {
  const lengths = fc.oneof(
    fc.integer({ min: 3, max: 2000 }),
    fc.constantFrom(3, 257, 258, 259, 260, 261, 516, 519),
  );
  const distances = fc.oneof(fc.integer({ min: 1, max: 2000 }), fc.constantFrom(MAX_DISTANCE, 24_577, 4, 5));
  fc.assert(
    fc.property(distances, fc.array(lengths, { minLength: 1, maxLength: 4 }), (distance, copies) => {
      const start = Buffer.from(Uint8Array.from({ length: distance }, (_, i) => (i * 7919) >> 3));
      const writer = new DeflateWriter();
      writer.openStored();
      writer.stored(start);
      const whole = [...start];
      for (const length of copies) {
        writer.copy(length, distance);
        for (let i = 0; i < length; i++) whole.push(whole.at(-distance)!);
        writer.openStored();
        writer.stored(Buffer.from([1, 2, 3]));
        whole.push(1, 2, 3);
      }
      expect(inflate(writer.finish()).equals(Buffer.from(whole))).toBe(true);
    }),
    { numRuns: 60 },
  );
});

test('what is too short for a copy is written as it is', () => {
  for (let length = 0; length < 3; length++) {
    const writer = new DeflateWriter();
    writer.openStored();
    writer.stored(Buffer.from('start'));
    writer.copy(length, 5, Buffer.from([1, 143, 144, 255]));
    writer.openStored();
    writer.stored(Buffer.alloc(0));
    const end = [144, 255].slice(2 - length);
    expect([...inflate(writer.finish())]).toEqual([...Buffer.from('start'), ...end]);
  }
});

test('does not end within a byte', () => {
  const writer = new DeflateWriter();
  writer.copy(10, 1);
  expect(() => writer.finish()).toThrow(/within a byte/);
});
