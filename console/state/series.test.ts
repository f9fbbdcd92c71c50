import { expect, test } from 'vitest';
import { Series } from './series.ts';

const at = (values: Record<string, number | null>) => new Map(Object.entries(values));

test('a key that comes later, or is missing once, has gaps', () => {
  const series = new Series(10);
  series.add(1, at({ a: 1 }));
  series.add(2, at({ a: 2, b: 20 }));
  series.add(3, at({ b: 30 }));
  expect(series.table(['a', 'b', 'never'])).toEqual([
    [1, 2, 3],
    [1, 2, null],
    [null, 20, 30],
    [null, null, null],
  ]);
});

test('moments before the start are left out', () => {
  const series = new Series(10);
  for (const second of [1, 2, 3, 4]) series.add(second, at({ a: second }));
  expect(series.table(['a'], 3)).toEqual([
    [3, 4],
    [3, 4],
  ]);
  expect(series.table(['a'], 5)).toEqual([[], []]);
  expect(series.tail('a', 2)).toEqual([3, 4]);
});

test('it stays as large as it may be, and forgets keys that are gone', () => {
  const series = new Series(3);
  series.add(1, at({ old: 1 }));
  for (let second = 2; second < 100; second++) series.add(second, at({ a: second }));
  expect(series.length).toBe(3);
  expect(series.table(['a', 'old'])[0]).toEqual([97, 98, 99]);
  expect(series.tail('old', 3)).toEqual([]);
});
