import { expect, test } from 'vitest';
import { FakeClock } from '../component/fake-clock.ts';
import { Breaker } from './breaker.ts';

function setUp() {
  const clock = new FakeClock();
  const ends: number[] = [];
  const breaker = new Breaker({
    clock,
    retry: { initialMs: 500, maxMs: 30_000, giveUpAfterMs: 0 },
    onPauseEnd: () => ends.push(clock.now()),
  });
  return { clock, breaker, ends };
}

test('a failure opens it: nothing may be sent until the pause is over', async () => {
  const { clock, breaker, ends } = setUp();
  expect(breaker.limit(4)).toBe(4);
  const pauseMs = breaker.fail(2000);
  expect(pauseMs).toBe(2000);
  expect(breaker.status()).toMatchObject({ state: 'open', next_try_in_seconds: 2, opened: 1 });
  expect(breaker.limit(4)).toBe(0);
  await clock.advance(1999);
  expect(ends).toEqual([]);
  await clock.advance(1);
  expect(ends).toHaveLength(1);
});

test('half open it allows one attempt, whose success closes it', async () => {
  const { clock, breaker } = setUp();
  breaker.fail(1000);
  await clock.advance(1000);
  expect(breaker.state).toBe('half_open');
  expect(breaker.limit(4)).toBe(1);
  expect(breaker.succeed()).toBe(true);
  expect(breaker.status()).toMatchObject({ state: 'closed', opened: 1 });
  expect(breaker.status()).not.toHaveProperty('next_try_in_seconds');
  expect(breaker.limit(4)).toBe(4);
});

test('half open another failure opens it for longer, and counts as the same outage', async () => {
  const { clock, breaker } = setUp();
  const first = breaker.fail(0);
  await clock.advance(first);
  const second = breaker.fail(0);
  expect(first).toBeLessThanOrEqual(500);
  expect(second).toBeGreaterThanOrEqual(500);
  expect(breaker.status()).toMatchObject({ state: 'open', opened: 1 });
});

test('attempts side by side that fail together count as one failure', () => {
  const { breaker } = setUp();
  const pauseMs = breaker.fail(0);
  expect(breaker.fail(0)).toBe(pauseMs);
  expect(breaker.fail(60_000)).toBe(60_000);
});

test('an answer that arrives in the pause does not close it', () => {
  const { breaker } = setUp();
  breaker.fail(1000);
  expect(breaker.succeed()).toBe(false);
  expect(breaker.state).toBe('open');
});

test('a pause that is ended by hand is half open at once, and says nothing', async () => {
  const { clock, breaker, ends } = setUp();
  breaker.fail(1000);
  expect(breaker.halfOpen()).toBe(true);
  expect(breaker.state).toBe('half_open');
  await clock.advance(5000);
  expect(ends).toEqual([]);
  expect(breaker.halfOpen()).toBe(false);
});

test('says since when it is in its state', async () => {
  const { clock, breaker } = setUp();
  const start = breaker.status().since;
  await clock.advance(5000);
  breaker.fail(1000);
  expect(Date.parse(breaker.status().since) - Date.parse(start)).toBe(5000);
  await clock.advance(1000);
  expect(Date.parse(breaker.status().since) - Date.parse(start)).toBe(6000);
});
