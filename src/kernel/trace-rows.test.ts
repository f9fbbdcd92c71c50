import fc from 'fast-check';
import { expect, test } from 'vitest';
import { traceIdOf } from './trace-ids.ts';
import { rowOf, stateOf } from './trace-rows.ts';

const seeds = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const thresholds = fc.bigInt({ min: 0n, max: 2n ** 56n - 1n });

test('finds the row that draws an id', () => {
  fc.assert(
    fc.property(seeds, thresholds, fc.nat(60_000), (seed, threshold, row) => {
      const id = traceIdOf(seed, threshold, row);
      expect(rowOf(id, stateOf(id), { seed, threshold, rows: row + 1 })).toBe(row);
    }),
  );
});

test('finds none for an id that other seeds, thresholds or rows drew', () => {
  fc.assert(
    fc.property(seeds, seeds, fc.nat(60_000), (seed, other, row) => {
      const id = traceIdOf(seed, 0n, row);
      expect(rowOf(id, stateOf(id), { seed, threshold: 0n, rows: row })).toBe(-1);
      if (other !== seed)
        expect(rowOf(id, stateOf(id), { seed: other, threshold: 0n, rows: 60_001 })).toBe(-1);
    }),
  );
  const id = traceIdOf(5n, 0n, 3);
  expect(rowOf(id, stateOf(id), { seed: 5n, threshold: 2n ** 55n, rows: 10 })).toBe(-1);
});
