import { expect, test } from 'vitest';
import type { Stream } from '../record/stream.ts';
import { batchOf, segmentOf, streamOf } from './decision/decision.fixture.ts';
import { LogRates } from './log-rates.ts';

const all = () => true;
const a = streamOf('a');
const b = streamOf('b');

/** A batch sealed then, with so many logs of a stream. */
function batch(sealedAt: number, ...parts: [stream: Stream, count: number][]) {
  return batchOf(
    parts.map(([stream, count]) => segmentOf({ stream, count })),
    { sealedAt },
  );
}

test('nothing came: nothing a second', () => {
  expect(new LogRates().of(all, 1000)).toEqual({ logsPerSecond: 0, streams: 0 });
});

test('a steady rate is found, whenever it is asked for', () => {
  const rates = new LogRates();
  for (let at = 0; at < 60_000; at += 100) {
    rates.sealed(batch(at, [a, 50], [b, 150]));
    if (at < 2000) continue;
    expect(rates.of(all, at).logsPerSecond).toBeGreaterThan(1900);
    expect(rates.of(all, at).logsPerSecond).toBeLessThan(2150);
  }
  expect(rates.of((stream) => stream === a, 60_000).logsPerSecond).toBeCloseTo(500, -2);
  expect(rates.of(all, 60_000).streams).toBe(2);
});

test('the first logs are not taken for a flood', () => {
  const rates = new LogRates();
  rates.sealed(batch(5000, [a, 100]));
  expect(rates.of(all, 5001).logsPerSecond).toBe(100);
});

test('what stopped fades, and is forgotten', () => {
  const rates = new LogRates();
  for (let at = 0; at < 20_000; at += 100) rates.sealed(batch(at, [a, 10]));
  const fading = [20_000, 24_000, 28_000, 41_000].map((now) => rates.of(all, now).logsPerSecond);
  expect(fading[0]).toBeCloseTo(100, 0);
  expect(fading.toSorted((x, y) => y - x)).toEqual(fading);
  expect(fading.at(-1)).toBe(0);
});

test('a pause between two batches does not count for either', () => {
  const rates = new LogRates();
  rates.sealed(batch(0, [a, 1000]));
  rates.sealed(batch(600_000, [a, 10]));
  expect(rates.of(all, 601_000).logsPerSecond).toBe(10);
});

test('streams that are counted are bounded', () => {
  const rates = new LogRates();
  const many = Array.from({ length: 25_000 }, (_, i) => [streamOf(String(i)), 1] as [Stream, number]);
  rates.sealed(batch(0, ...many));
  expect(rates.of(all, 1000).streams).toBe(20_000);
});
