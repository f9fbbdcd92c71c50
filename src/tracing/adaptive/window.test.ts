import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Window } from './window.ts';

test('a percentile is the value of the log at that rank, within 3.2 % or 0.07 ms', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.double({ min: 0, max: 3e6, noNaN: true }), fc.integer({ min: 1, max: 1000 })), {
        minLength: 1,
        maxLength: 50,
      }),
      fc.constantFrom(0.5, 0.9, 0.99),
      (records, q) => {
        const window = new Window(300_000, 30_000, 0);
        for (const [latency, count] of records) window.record(latency, count);
        const sorted = records.toSorted(([a], [b]) => a - b);
        const total = sorted.reduce((sum, [, count]) => sum + count, 0);
        // The first value with more than the share 1 - q of all logs at or above it, counted from the top.
        let above = total * (1 - q);
        const exact = sorted.findLast(([, count]) => {
          above -= count;
          return above < 0;
        })![0];
        expect(Math.abs(window.quantile(q) - exact)).toBeLessThanOrEqual(exact * 0.032 + 0.07);
      },
    ),
  );
});

test('weights count: one batch of 5,000 logs outweighs ten of one', () => {
  const window = new Window(300_000, 30_000, 0);
  for (let i = 0; i < 10; i++) window.record(5000, 1);
  window.record(10, 5000);
  expect(window.quantile(0.99)).toBeLessThan(11);
  expect(window.count).toBe(5010);
});

test('without logs a percentile is 0', () => {
  expect(new Window(300_000, 30_000, 0).quantile(0.99)).toBe(0);
});

test('more than a day counts as a day, less than nothing as nothing', () => {
  const window = new Window(300_000, 30_000, 0);
  window.record(1e12, 1);
  window.record(-5, 1);
  expect(window.quantile(0.99) / 3600e3).toBeCloseTo(24, 0);
  expect(window.count).toBe(2);
});

describe('time', () => {
  test('what is older than the window is forgotten slice by slice', () => {
    const window = new Window(300_000, 30_000, 0);
    window.record(1000, 1);
    window.advance(30_000);
    window.record(10, 1);
    window.advance(299_999);
    expect(window.count).toBe(2);
    window.advance(300_000);
    expect(window.count).toBe(1);
    expect(window.quantile(0.99)).toBeLessThan(11);
    window.advance(330_000);
    expect(window.empty).toBe(true);
  });

  test('a long pause forgets everything', () => {
    const window = new Window(300_000, 30_000, 0);
    window.record(1000, 5);
    window.recordAttempt(true);
    window.advance(1e9);
    expect(window.empty).toBe(true);
    expect(window.errorRatio).toBe(0);
  });

  test('a window of many checks has few slices', () => {
    const window = new Window(24 * 3600e3, 1000, 0);
    window.record(1000, 1);
    window.advance(23 * 3600e3 - 1);
    expect(window.count).toBe(1);
    window.advance(24 * 3600e3);
    expect(window.count).toBe(0);
  });

  test('the sum stays exact over many turns of the ring', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(40_000), fc.nat(5000), fc.integer({ min: 1, max: 9 })), { maxLength: 60 }),
        (steps) => {
          const window = new Window(100_000, 10_000, 0);
          let now = 0;
          const slices: [slice: number, latency: number, count: number][] = [];
          for (const [wait, latency, count] of steps) {
            now += wait;
            window.advance(now);
            window.record(latency, count);
            slices.push([Math.floor(now / 10_000), latency, count]);
          }
          const current = Math.floor(now / 10_000);
          const kept = slices.filter(([slice]) => slice > current - 10);
          expect(window.count).toBe(kept.reduce((sum, [, , count]) => sum + count, 0));
          const highest = Math.max(0, ...kept.map(([, latency]) => latency));
          expect(Math.abs(window.quantile(1) - highest)).toBeLessThanOrEqual(highest * 0.032 + 0.07);
        },
      ),
    );
  });
});

test('the error ratio is that of the attempts in the window', () => {
  const window = new Window(300_000, 30_000, 0);
  window.recordAttempt(true);
  window.advance(30_000);
  for (let i = 0; i < 3; i++) window.recordAttempt(false);
  expect(window.errorRatio).toBe(0.25);
  window.advance(300_000);
  expect(window.errorRatio).toBe(0);
});
