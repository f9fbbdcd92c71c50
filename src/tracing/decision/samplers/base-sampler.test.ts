import { expect, test } from 'vitest';
import { seededRandom, segmentOf, settingsOf } from '../decision.fixture.ts';
import { selectRows } from '../selection.ts';
import { createBaseSampler } from './base-sampler.ts';

/** Traces 1,000 segments of these sizes, one every 100 ms; how many logs a second were traced, and what their weights add up to. */
function run(perSecond: number, factor: number, sizes: readonly number[]) {
  const clock = { at: 0, now: () => clock.at };
  const sampler = createBaseSampler(
    settingsOf({ sampler: { type: 'rate_limiting', per_second: perSecond } }),
    clock,
  );
  const random = seededRandom(5);
  let traced = 0;
  let weight = 0;
  let logs = 0;
  for (let i = 0; i < 1000; i++) {
    clock.at += 100;
    const count = sizes[i % sizes.length]!;
    const { rate } = sampler.choose(count, false, factor);
    const rows = selectRows(segmentOf({ count }), rate, random)?.length ?? count;
    sampler.traced(rows);
    logs += count;
    traced += rows;
    if (rows > 0) weight += rows / rate;
  }
  return { perSecond: traced / 100, weight, logs };
}

test.each([
  [20, 1, 20],
  [20, 0.5, 10],
])(
  'rate_limiting traces %d logs a second times the factor %d, however uneven they come',
  (perSecond, factor, expected) => {
    const { perSecond: measured } = run(perSecond, factor, [1000, 1, 7, 50_000, 300]);
    expect(measured).toBeGreaterThan(expected * 0.9);
    expect(measured).toBeLessThan(expected * 1.1);
  },
);

test('rate_limiting traces every log of what stays below its limit', () => {
  const { weight, logs } = run(20, 1, [1, 0, 2]);
  expect(weight).toBe(logs);
});
