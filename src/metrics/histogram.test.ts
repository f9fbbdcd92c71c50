import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Histogram } from './histogram.ts';

test('a value equal to a bound belongs to its bucket', () => {
  const histogram = new Histogram([1, 2]);
  histogram.observe(1);
  histogram.observe(1.01);
  histogram.observe(2);
  histogram.observe(2.01);
  expect([...histogram.counts]).toEqual([1, 2, 1]);
});

test('a weight counts as so many observations', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 20 }))),
      (observations) => {
        const weighted = new Histogram([5, 10, 20]);
        const repeated = new Histogram([5, 10, 20]);
        for (const [value, weight] of observations) {
          weighted.observe(value, weight);
          for (let time = 0; time < weight; time++) repeated.observe(value);
        }
        expect([...weighted.counts]).toEqual([...repeated.counts]);
        expect(weighted.sum).toBe(repeated.sum);
      },
    ),
  );
});
