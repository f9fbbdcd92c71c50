import { expect, test } from 'vitest';
import { range, table } from './table.ts';

test('columns line up', () => {
  const text = table([
    ['name', 'n'],
    ['a', '1,000'],
    ['longer', '2'],
  ]);
  expect(text).toBe('name        n\n------  -----\na       1,000\nlonger      2');
});

test.each([
  [{ median: 1234.5, min: 1200, max: 1300 }, '1,235 (1,200–1,300)'],
  [{ median: 25.34, min: 25, max: 26.26 }, '25.3 (25.0–26.3)'],
  [{ median: 0.854, min: 0.854, max: 0.854 }, '0.85'],
])('%j is written with fitting decimals', (summary, text) => {
  expect(range(summary)).toBe(text);
});
