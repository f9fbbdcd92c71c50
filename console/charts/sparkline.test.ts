import { expect, test } from 'vitest';
import { sparkPath } from './sparkline.tsx';

test('a line from the left edge to the right, on a scale from 0', () => {
  expect(sparkPath([0, 5, 10], 58, 16)).toBe('M0.0 15.0L29.0 8.0L58.0 1.0');
});

test('a missing value is a gap', () => {
  expect(sparkPath([1, null, 1], 58, 16)).toBe('M0.0 1.0M58.0 1.0');
});

test('nothing flowing is a line at the bottom', () => {
  expect(sparkPath([0, 0], 58, 16)).toBe('M0.0 15.0L58.0 15.0');
  expect(sparkPath([1], 58, 16)).toBe('');
});
