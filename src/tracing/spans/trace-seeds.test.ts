import fc from 'fast-check';
import { expect, test } from 'vitest';
import { traceIdOf } from '../../kernel/trace-ids.ts';
import { TraceSeeds } from './trace-seeds.ts';

test('a batch goes on where the one before ended: no id is drawn twice', () => {
  const batches = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 12 });
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), batches, (start, sizes) => {
      const one = new TraceSeeds(start);
      const ids = sizes.flatMap((rows) => {
        const ids = one.take(rows);
        return Array.from({ length: rows }, (_, row) => traceIdOf(ids, 0n, row).toString('hex', 8));
      });
      const all = { prefix: 1n, seed: start };
      const whole = Array.from(ids, (_, row) => traceIdOf(all, 0n, row).toString('hex', 8));
      expect(ids).toEqual(whole);
    }),
    { numRuns: 30 },
  );
});

test('every batch has a prefix of its own, and never 0', () => {
  const seeds = new TraceSeeds(0n);
  const prefixes = Array.from({ length: 1000 }, () => seeds.take(5000).prefix);
  expect(new Set(prefixes).size).toBe(1000);
  expect(prefixes).not.toContain(0n);
});

test('two runs of the agent begin elsewhere', () => {
  expect(new TraceSeeds().take(1)).not.toEqual(new TraceSeeds().take(1));
});
