import fc from 'fast-check';
import { expect, test } from 'vitest';
import { halvesOf, writeNanos } from './write-nanos.ts';

const SECONDS = fc.integer({ min: 0, max: 9_223_372_035 });
const NANOS = fc.integer({ min: 0, max: 999_999_999 });

test('writes what big integers compute, and no other row', () => {
  const column = new BigUint64Array(3);
  fc.assert(
    fc.property(SECONDS, NANOS, (seconds, nanos) => {
      column.fill(7n);
      writeNanos(halvesOf(column), 1, { seconds, nanos });
      expect([...column]).toEqual([7n, BigInt(seconds) * 1_000_000_000n + BigInt(nanos), 7n]);
    }),
  );
});

test('columns inside a larger memory are written in their place', () => {
  const memory = new BigUint64Array(8);
  writeNanos(halvesOf(memory.subarray(4, 6)), 1, { seconds: 1, nanos: 2 });
  expect([...memory]).toEqual([0n, 0n, 0n, 0n, 0n, 1_000_000_002n, 0n, 0n]);
});
