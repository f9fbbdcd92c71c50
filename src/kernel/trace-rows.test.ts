import fc from 'fast-check';
import { expect, test } from 'vitest';
import { traceIdOf } from './trace-ids.ts';
import { rowOf } from './trace-rows.ts';

const numbers = fc.bigInt({ min: 1n, max: 2n ** 64n - 1n });

test('finds the row that draws an id', () => {
  fc.assert(
    fc.property(numbers, numbers, fc.nat(60_000), (prefix, seed, row) => {
      const id = traceIdOf({ prefix, seed }, 0n, row);
      expect(rowOf(id, { prefix, seed, threshold: 0n, rows: row + 1 })).toBe(row);
    }),
  );
});

test('finds it also where a threshold hides what was drawn', () => {
  const thresholds = fc.bigInt({ min: 1n, max: 2n ** 55n });
  fc.assert(
    fc.property(numbers, numbers, thresholds, fc.nat(500), (prefix, seed, threshold, row) => {
      const id = traceIdOf({ prefix, seed }, threshold, row);
      expect(rowOf(id, { prefix, seed, threshold, rows: row + 1 })).toBe(row);
    }),
  );
});

test('finds none for an id that other prefixes, seeds, thresholds or rows drew', () => {
  fc.assert(
    fc.property(numbers, numbers, numbers, fc.nat(60_000), (prefix, seed, other, row) => {
      const id = traceIdOf({ prefix, seed }, 0n, row);
      expect(rowOf(id, { prefix, seed, threshold: 0n, rows: row })).toBe(-1);
      if (other !== seed) expect(rowOf(id, { prefix, seed: other, threshold: 0n, rows: 60_001 })).toBe(-1);
      if (other !== prefix) expect(rowOf(id, { prefix: other, seed, threshold: 0n, rows: 60_001 })).toBe(-1);
    }),
  );
  const id = traceIdOf({ prefix: 1n, seed: 5n }, 0n, 3);
  expect(rowOf(id, { prefix: 1n, seed: 5n, threshold: 2n ** 55n, rows: 10 })).toBe(-1);
});
