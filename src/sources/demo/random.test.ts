import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Random } from './random.ts';

test('any seed gives a sequence that does not stand still', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const random = new Random(seed);
      expect(new Set(Array.from({ length: 20 }, () => random.bits())).size).toBe(20);
    }),
  );
});

test('whole numbers reach both ends of their range and stay inside', () => {
  const random = new Random(1);
  expect(new Set(Array.from({ length: 1000 }, () => random.integer(3, 6)))).toEqual(new Set([3, 4, 5, 6]));
});

test('long-tailed numbers have the given median and a mean well above it', () => {
  const random = new Random(1);
  const numbers = Array.from({ length: 20_001 }, () => random.longTailed(1000)).toSorted((a, b) => a - b);
  expect(numbers[10_000]! / 1000).toBeCloseTo(1, 1);
  expect(numbers.reduce((sum, number) => sum + number, 0) / numbers.length).toBeGreaterThan(1300);
});

test('hexadecimal text has the length that was asked for', () => {
  const random = new Random(1);
  for (const digits of [8, 16, 32]) expect(random.hex(digits)).toMatch(new RegExp(`^[0-9a-f]{${digits}}$`));
});
