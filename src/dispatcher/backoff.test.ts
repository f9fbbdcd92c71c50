import { expect, test } from 'vitest';
import { backoffMs } from './backoff.ts';

const policy = { initialMs: 500, maxMs: 30_000, giveUpAfterMs: 0 };

test('doubles from the initial pause up to the maximum', () => {
  const pauses = [1, 2, 3, 7, 8, 1000].map((failures) => backoffMs(policy, failures, 0, () => 1));
  expect(pauses).toEqual([500, 1000, 2000, 30_000, 30_000, 30_000]);
});

test('jitter takes off at most half', () => {
  expect(backoffMs(policy, 2, 0, () => 0)).toBe(500);
  expect(backoffMs(policy, 2, 0, () => 0.5)).toBe(750);
});

test('what the destination asked for is the least', () => {
  expect(backoffMs(policy, 1, 45_000, () => 1)).toBe(45_000);
  expect(backoffMs(policy, 8, 1, () => 1)).toBe(30_000);
});
