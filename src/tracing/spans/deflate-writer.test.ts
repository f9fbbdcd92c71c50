import { constants, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DeflateWriter, MAX_DISTANCE } from './deflate-writer.ts';

const inflate = (bytes: Buffer) => inflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH });

test('stored blocks, copies of any length and distance, and literals are what zlib reads', () => {
  const lengths = fc.oneof(
    fc.integer({ min: 3, max: 2000 }),
    fc.constantFrom(3, 257, 258, 259, 260, 261, 516, 519),
  );
  const distances = fc.oneof(fc.integer({ min: 1, max: 2000 }), fc.constantFrom(MAX_DISTANCE, 24_577, 4, 5));
  const literals = fc.uint8Array({ maxLength: 4 });
  const copies = fc.array(fc.tuple(lengths, literals), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(distances, copies, (distance, tokens) => {
      const start = Buffer.from(Uint8Array.from({ length: distance }, (_, i) => (i * 7919) >> 3));
      const writer = new DeflateWriter();
      writer.openStored();
      writer.stored(start);
      const whole = [...start];
      for (const [length, bytes] of tokens) {
        writer.openFixed();
        writer.copy(length, distance);
        for (let i = 0; i < length; i++) whole.push(whole.at(-distance)!);
        writer.literals(Buffer.from(bytes));
        whole.push(...bytes);
        writer.closeFixed();
        writer.openStored();
        writer.stored(Buffer.from([1, 2, 3]));
        whole.push(1, 2, 3);
      }
      expect(inflate(writer.finish()).equals(Buffer.from(whole))).toBe(true);
    }),
    { numRuns: 60 },
  );
});

test('does not end within a byte', () => {
  const writer = new DeflateWriter();
  writer.openFixed();
  expect(() => writer.finish()).toThrow(/within a byte/);
});
