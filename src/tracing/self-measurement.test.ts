import { expect, test } from 'vitest';
import { FakeClock } from '../component/fake-clock.ts';
import { GOVERNOR_CHECK_MS, type Usage } from './decision/governor.ts';
import { GovernorChecks, SelfMeasurement } from './self-measurement.ts';

/** A clock that shows one after another. */
function readings(...times: number[]) {
  return { now: () => times.shift()! };
}

test('adds up the time of each piece of work, by two readings of the clock', () => {
  const measurement = new SelfMeasurement(readings(10, 12.5, 100, 101));
  measurement.measure(() => {});
  measurement.measure(() => {});
  expect(measurement.milliseconds).toBe(3.5);
});

test('counts work that fails as well', () => {
  const measurement = new SelfMeasurement(readings(10, 12));
  expect(() =>
    measurement.measure(() => {
      throw new Error('broken');
    }),
  ).toThrow('broken');
  expect(measurement.milliseconds).toBe(2);
});

test('the governor is told what was used since the check before, until it is ended', async () => {
  const clock = new FakeClock();
  const used: Usage[] = [];
  const measurement = { milliseconds: 100 };
  let processMs = 1000;
  const checks = new GovernorChecks(
    { check: (usage) => used.push(usage) },
    measurement,
    clock,
    () => processMs,
  );
  const end = checks.start();
  measurement.milliseconds += 7;
  processMs += 90;
  await clock.advance(GOVERNOR_CHECK_MS);
  await clock.advance(GOVERNOR_CHECK_MS);
  end();
  await clock.advance(GOVERNOR_CHECK_MS);
  expect(used).toEqual([
    { tracingMs: 7, processMs: 90, wallMs: GOVERNOR_CHECK_MS },
    { tracingMs: 0, processMs: 0, wallMs: GOVERNOR_CHECK_MS },
  ]);
});
