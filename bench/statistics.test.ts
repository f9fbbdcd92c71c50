import fc from 'fast-check';
import { expect, test } from 'vitest';
import { medianInterval, shuffled, summary } from './statistics.ts';

test.each([
  [[5], { median: 5, min: 5, max: 5 }],
  [[3, 1, 2], { median: 2, min: 1, max: 3 }],
  [[4, 1, 3, 10], { median: 3.5, min: 1, max: 10 }],
])('summary of %j', (values, expected) => {
  expect(summary(values)).toEqual(expected);
});

test('shuffling loses and doubles nothing, and can move every item', () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), (items) => {
      const ascending = (a: number, b: number) => a - b;
      expect(shuffled(items).toSorted(ascending)).toEqual(items.toSorted(ascending));
    }),
  );
  expect(shuffled([1, 2, 3], () => 0)).toEqual([2, 3, 1]);
});

test.each([
  [5, 1, 5],
  [6, 1, 6],
  [9, 2, 8],
  [20, 6, 15],
  [30, 10, 21],
])('the median of %i values lies between the %ith and the %ith', (count, low, high) => {
  // Ranks of the published table for 95 %.
  const values = Array.from({ length: count }, (_, i) => i + 1);
  expect(medianInterval(values)).toEqual([(count + 1) / 2, low, high]);
});
