import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GAMMA } from '../../kernel/trace-ids.ts';
import { MAX_ROWS, TraceSeeds } from './trace-seeds.ts';

/** Inverse of an odd number modulo 2^64, by Newton's iteration. */
function inverse(odd: bigint): bigint {
  let x = odd;
  for (let i = 0; i < 6; i++) x = BigInt.asUintN(64, x * (2n - odd * x));
  return x;
}

test('batches have stretches of the generator that do not overlap: no id is drawn twice', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (start) => {
      const seeds = new TraceSeeds(start);
      const steps = Array.from({ length: 200 }, () =>
        BigInt.asUintN(64, (seeds.take().seed - start) * inverse(GAMMA)),
      ).sort((a, b) => Number(a - b));
      const distances = steps.slice(1).map((step, i) => step - steps[i]!);
      for (const distance of distances) expect(distance).toBeGreaterThanOrEqual(BigInt(MAX_ROWS));
    }),
    { numRuns: 30 },
  );
});

test('every batch has a prefix of its own, and never 0', () => {
  const seeds = new TraceSeeds(0n);
  const prefixes = Array.from({ length: 1000 }, () => seeds.take().prefix);
  expect(new Set(prefixes).size).toBe(1000);
  expect(prefixes).not.toContain(0n);
});

test('two runs of the agent begin elsewhere', () => {
  expect(new TraceSeeds().take()).not.toEqual(new TraceSeeds().take());
});
