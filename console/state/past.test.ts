import { expect, test } from 'vitest';
import { joined, pastOf } from './past.ts';
import { Series } from './series.ts';

const none = { agent: {}, sinks: {}, step_seconds: 1 };
const coarse = {
  ...none,
  times: [10_000, 20_000, 30_000],
  sources: { a: { logs_per_second: [1, 2, 3], p50_ms: [7, null, 9] } },
};
const fine = { ...none, times: [29_000, 30_000, 31_000], sources: { a: { logs_per_second: [30, 31, 32] } } };

test('finer steps take the place of coarser ones', () => {
  const { times, columns } = pastOf([coarse, fine]);
  expect(times).toEqual([10, 20, 29, 30, 31]);
  expect(columns.get('source/a/rate')).toEqual([1, 2, 30, 31, 32]);
});

test('readings go on where the memory of the agent ends', () => {
  const own = new Series(10);
  for (const at of [30.5, 31.5, 32.5]) own.add(at, new Map([['source/a/rate', at]]));
  expect(joined(pastOf([fine]), own, ['source/a/rate'], 30)).toEqual([
    [30, 31, 31.5, 32.5],
    [31, 32, 31.5, 32.5],
  ]);
});

test('what only readings know stands at the times of both', () => {
  const own = new Series(10);
  for (const at of [29.5, 30.5, 31.5]) own.add(at, new Map([['source/a/active', at > 30 ? 1 : 0]]));
  expect(joined(pastOf([fine]), own, ['source/a/rate', 'source/a/active'], 0)[2]).toEqual([null, 0, 1, 1]);
});

test('an agent without a memory leaves the readings alone', () => {
  const own = new Series(10);
  own.add(5, new Map([['x', 1]]));
  expect(joined(pastOf([]), own, ['x'], 0)).toEqual([[5], [1]]);
});
