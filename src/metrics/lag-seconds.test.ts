import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LagSeconds } from './lag-seconds.ts';

test('nothing unread is no lag', () => {
  const lag = new LagSeconds();
  expect(lag.of('a', 0, 0, 0)).toBe(0);
  expect(lag.of('a', 500, 0, 60_000)).toBe(0);
});

test('a source that stands still falls behind second by second', () => {
  const lag = new LagSeconds();
  lag.of('a', 1000, 0, 0);
  expect([10_000, 20_000, 30_000].map((now, i) => lag.of('a', 1000, 100 * (i + 1), now))).toEqual([
    10, 20, 30,
  ]);
});

test('one that reads what was written ten seconds ago is ten seconds behind', () => {
  const lag = new LagSeconds();
  lag.of('a', 0, 0, 0);
  const found: number[] = [];
  // 100 bytes a second are written; from the tenth second on, what is read is 1000 bytes behind.
  for (let second = 5; second <= 60; second += 5) {
    const written = 100 * second;
    const read = Math.max(0, written - 1000);
    found.push(lag.of('a', read, written - read, second * 1000));
  }
  expect(found.slice(2)).toEqual(Array.from({ length: 10 }, () => 10));
});

test('between two looks it counts how far it is on the way', () => {
  const lag = new LagSeconds();
  lag.of('a', 0, 0, 0);
  lag.of('a', 0, 1000, 10_000);
  expect(lag.of('a', 250, 750, 20_000)).toBe(17.5);
});

test('behind since the first look: at least since then', () => {
  const lag = new LagSeconds();
  expect(lag.of('a', 0, 5000, 1000)).toBe(0);
  expect(lag.of('a', 100, 4900, 31_000)).toBe(30);
});

test('sources do not mix, and are forgotten', () => {
  const lag = new LagSeconds();
  lag.of('a', 0, 0, 0);
  lag.of('b', 0, 9, 10_000);
  expect(lag.of('b', 0, 9, 20_000)).toBe(10);
  lag.keep(new Set(['a']));
  expect(lag.of('b', 0, 9, 30_000)).toBe(0);
  expect(lag.of('a', 0, 9, 30_000)).toBe(30);
});

test('a source that is behind for days keeps the moment since when, within bounds', () => {
  const lag = new LagSeconds();
  lag.of('a', 0, 0, 0);
  for (let scrape = 1; scrape <= 10_000; scrape++) {
    expect(lag.of('a', 0, scrape, scrape * 1000)).toBe(scrape);
  }
});

test('never less than nothing, never longer than it was watched, whatever the counts do', () => {
  const step = fc.record({ read: fc.nat(100), written: fc.nat(100), ms: fc.integer({ min: 1, max: 5000 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      const lag = new LagSeconds();
      let now = 0;
      let readBytes = 0;
      lag.of('a', 0, 0, 0);
      for (const { read, written, ms } of steps) {
        now += ms;
        readBytes += read;
        const seconds = lag.of('a', readBytes, written, now);
        expect(seconds).toBeGreaterThanOrEqual(0);
        expect(seconds).toBeLessThanOrEqual(now / 1000);
      }
    }),
  );
});
