import { expect, test } from 'vitest';
import { spanIdOf, traceIdOf } from './trace-ids.ts';

test('draws what SplitMix64 is published to draw from the seed 1234567', () => {
  // rosettacode.org, "Pseudo-random numbers/Splitmix64"
  const published = [
    6457827717110365317n,
    3203168211198807973n,
    9817491932198370423n,
    4593380528125082431n,
    16408922859458223821n,
  ];
  const trace = traceIdOf(1234567n, 0n, 0);
  const drawn = [trace.readBigUInt64BE(0), trace.readBigUInt64BE(8)];
  for (let n = 0; n < 3; n++) drawn.push(spanIdOf(1234567n, 0, n).readBigUInt64BE());
  expect(drawn).toEqual(published);
});

test('goes on with the next row 16 draws later', () => {
  const gamma = 0x9e3779b97f4a7c15n;
  expect(spanIdOf(5n, 3, 1)).toEqual(spanIdOf(BigInt.asUintN(64, 5n + 16n * gamma), 2, 1));
});

test('keeps the low 56 bits of trace ids at or above the threshold, also the highest', () => {
  const low = (id: Buffer) => id.readBigUInt64BE(8) & (2n ** 56n - 1n);
  for (const threshold of [0n, 1n, 2n ** 55n, 2n ** 56n - 2n, 2n ** 56n - 1n]) {
    for (let row = 0; row < 100; row++) {
      const id = low(traceIdOf(99n, threshold, row));
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
    const above = (traceIdOf(7n, threshold, row).readBigUInt64BE(8) & (2n ** 56n - 1n)) - threshold;
    counts[Number(above >> 51n)]!++;
  }
  const expected = rows / counts.length;
  const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  // 7 degrees of freedom, p = 0.001
  expect(chiSquare).toBeLessThan(24.3);
});

test('leaves the other bits as they were drawn', () => {
  const [one, other] = [traceIdOf(7n, 0n, 5), traceIdOf(7n, 2n ** 55n, 5)];
  expect(one.subarray(0, 9)).toEqual(other.subarray(0, 9));
});
