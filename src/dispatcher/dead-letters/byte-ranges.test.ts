import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteRanges } from './byte-ranges.ts';

const SIZE = 40;
const range = fc
  .tuple(fc.nat(SIZE), fc.nat(SIZE))
  .map(([a, b]): [number, number] => [Math.min(a, b), Math.max(a, b)]);

test('covers exactly the bytes that were added, in ranges that do not touch', () => {
  fc.assert(
    fc.property(fc.array(range, { maxLength: 15 }), (added) => {
      const ranges = new ByteRanges(added);
      const covered = (at: number) => added.some(([from, to]) => from <= at && at < to);
      for (let at = 0; at < SIZE; at++) expect(ranges.has(at, at + 1)).toBe(covered(at));
      expect(ranges.bytes).toBe(Array.from({ length: SIZE }, (_, at) => covered(at)).filter(Boolean).length);
      const { list } = ranges;
      for (let i = 1; i < list.length; i++) expect(list[i]![0]).toBeGreaterThan(list[i - 1]![1]);
    }),
  );
});

test('a range with a gap is not covered', () => {
  const ranges = new ByteRanges([
    [0, 5],
    [6, 10],
  ]);
  expect(ranges.has(0, 10)).toBe(false);
  ranges.add(5, 6);
  expect(ranges.has(0, 10)).toBe(true);
  expect(ranges.list).toEqual([[0, 10]]);
});
