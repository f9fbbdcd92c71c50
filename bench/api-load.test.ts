import { expect, test } from 'vitest';
import { quantile } from './api-load.ts';

test.each([
  [0.5, 50],
  [0.99, 99],
  [1, 100],
  [0, 1],
])('the %s quantile of 1 to 100 is %s', (share, expected) => {
  expect(
    quantile(
      Array.from({ length: 100 }, (_, i) => i + 1),
      share,
    ),
  ).toBe(expected);
});

test('there is none of nothing', () => {
  expect(quantile([], 0.5)).toBeNaN();
});
