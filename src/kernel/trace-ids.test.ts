import { expect, test } from 'vitest';
import { spanIdOf, traceIdOf } from './trace-ids.ts';

const PREFIX = 0x0123456789abcdefn;
const idOf = (seed: bigint, threshold: bigint, row: number) =>
  traceIdOf({ prefix: PREFIX, seed }, threshold, row);

test('draws what SplitMix64 is published to draw from the seed 1234567, a number a row', () => {
  // rosettacode.org, "Pseudo-random numbers/Splitmix64"
  const published = [
    6457827717110365317n,
    3203168211198807973n,
    9817491932198370423n,
    4593380528125082431n,
    16408922859458223821n,
  ];
  const ids = published.map((_, row) => idOf(1234567n, 0n, row));
  expect(ids.map((id) => id.readBigUInt64BE(8))).toEqual(published);
  for (const id of ids) expect(id.readBigUInt64BE(0)).toBe(PREFIX);
});

test('the root has the second half of the trace id; ids of its children differ from it and from each other', () => {
  for (let row = 0; row < 50; row++) {
    const half = idOf(7n, 0n, row).subarray(8);
    const ids = Array.from({ length: 14 }, (_, n) => spanIdOf(7n, 0n, row, n));
    expect(ids[0]).toEqual(half);
    for (const [n, id] of ids.entries()) {
      if (n > 0) expect(id).toEqual(Buffer.concat([Buffer.from([n]), half.subarray(0, 7)]));
    }
    expect(new Set(ids.map((id) => id.toString('hex'))).size).toBe(14);
  }
});

test('no id is all zeros, even where the generator draws 0', () => {
  // The state that draws 0 is 0, one step behind the seed.
  const seed = BigInt.asUintN(64, -0x9e3779b97f4a7c15n);
  expect(spanIdOf(seed, 0n, 0, 0)).toEqual(Buffer.from('0000000000000001', 'hex'));
});

test('keeps the low 56 bits of trace ids at or above the threshold, also the highest', () => {
  const low = (id: Buffer) => id.readBigUInt64BE(8) & (2n ** 56n - 1n);
  for (const threshold of [0n, 1n, 2n ** 55n, 2n ** 56n - 2n, 2n ** 56n - 1n]) {
    for (let row = 0; row < 100; row++) {
      const id = low(idOf(99n, threshold, row));
      expect(id).toBeGreaterThanOrEqual(threshold);
      expect(id).toBeLessThan(2n ** 56n);
    }
  }
});

test('spreads trace ids evenly above the threshold', () => {
  const threshold = 3n * 2n ** 54n;
  const counts = Array.from({ length: 8 }, () => 0);
  const rows = 8000;
  for (let row = 0; row < rows; row++) {
    const above = (idOf(7n, threshold, row).readBigUInt64BE(8) & (2n ** 56n - 1n)) - threshold;
    counts[Number(above >> 51n)]!++;
  }
  const expected = rows / counts.length;
  const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  // 7 degrees of freedom, p = 0.001
  expect(chiSquare).toBeLessThan(24.3);
});

test('leaves the other bits as they were drawn', () => {
  const [one, other] = [idOf(7n, 0n, 5), idOf(7n, 2n ** 55n, 5)];
  expect(one.subarray(0, 9)).toEqual(other.subarray(0, 9));
});
