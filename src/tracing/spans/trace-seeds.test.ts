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
        const seed = one.take(rows);
        return Array.from({ length: rows }, (_, row) => traceIdOf(seed, 0n, row).toString('hex'));
      });
      const whole = Array.from(ids, (_, row) => traceIdOf(start, 0n, row).toString('hex'));
      expect(ids).toEqual(whole);
    }),
    { numRuns: 30 },
  );
});

test('two runs of the agent begin elsewhere', () => {
  expect(new TraceSeeds().take(1)).not.toBe(new TraceSeeds().take(1));
});
