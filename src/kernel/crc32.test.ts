import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { append, passZeros } from './crc32.ts';

/** The register that zlib leaves, from `register`. */
const registerOf = (bytes: Uint8Array, register = 0) => ~crc32(bytes, ~register >>> 0) >>> 0;

test('passes zeros as zlib does', () => {
  const lengths = fc.oneof(fc.nat(300), fc.integer({ min: 65_000, max: 200_000 }));
  fc.assert(
    fc.property(fc.nat(0xffffffff), lengths, (register, length) => {
      expect(passZeros(register, length)).toBe(registerOf(Buffer.alloc(length), register));
    }),
    { numRuns: 50 },
  );
});

test('appends what a register is of as if its bytes had been there', () => {
  const bytes = fc.uint8Array({ maxLength: 300 });
  fc.assert(
    fc.property(bytes, bytes, (one, other) => {
      const whole = crc32(Buffer.concat([one, other]));
      expect(append(crc32(one), registerOf(other), other.length)).toBe(whole);
    }),
  );
});
