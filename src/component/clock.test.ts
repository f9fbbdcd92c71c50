import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { SystemClock } from './clock.ts';

const YEAR_MS = 365 * 86_400_000;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** What the last timer was set to: Node fires one beyond 2^31 - 1 ms after 1 ms. */
function timerMs(start: () => void): number {
  const setTimer = vi.spyOn(globalThis, 'setTimeout');
  start();
  return setTimer.mock.calls.at(-1)![1]!;
}

test('a callback after longer than a timer can wait is not called at once', () => {
  expect(timerMs(() => new SystemClock().after(YEAR_MS, () => {}))).toBe(2 ** 31 - 1);
});

test('a sleep longer than a timer can wait does not end at once', () => {
  expect(timerMs(() => void new SystemClock().sleep(YEAR_MS))).toBe(2 ** 31 - 1);
});

test('shorter times are kept', () => {
  expect(timerMs(() => new SystemClock().after(1234, () => {}))).toBe(1234);
});

test('one reading is always the same wall time, until the system’s clock is stepped', () => {
  const clock = new SystemClock();
  const reading = clock.now();
  const before = clock.toEpoch(reading);
  vi.advanceTimersByTime(2000);
  vi.setSystemTime(Date.now() + 1);
  expect(clock.toEpoch(reading)).toBe(before);
  vi.advanceTimersByTime(2000);
  vi.setSystemTime(Date.now() + 3_600_000);
  expect(clock.toEpoch(reading)).toBe(before + 3_600_001);
});
