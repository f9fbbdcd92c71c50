import { expect, test } from 'vitest';
import { stepOf } from './base-rate.tsx';

test.each([
  [0, 0],
  [0.00001, 1],
  [0.0001, 1],
  [0.001, 2],
  [0.02, 3],
  [0.5, 5],
  [1, 5],
])('a rate of %d is nearest to step %d', (rate, step) => {
  expect(stepOf(rate)).toBe(step);
});
