import { expect, test } from 'vitest';
import { FakeClock } from './fake-clock.ts';

test('timers fire in the order of their times, at their times', async () => {
  const clock = new FakeClock();
  const fired: [string, number][] = [];
  clock.after(20, () => fired.push(['b', clock.now()]));
  clock.after(10, () => fired.push(['a', clock.now()]));
  clock.after(31, () => fired.push(['c', clock.now()]));
  await clock.advance(30);
  expect(fired).toEqual([
    ['a', 10],
    ['b', 20],
  ]);
  expect(clock.now()).toBe(30);
});

test('a loop that sleeps runs as often as the time that passes allows', async () => {
  const clock = new FakeClock();
  const stop = new AbortController();
  let rounds = 0;
  const loop = (async () => {
    for (;;) {
      await clock.sleep(100, stop.signal);
      rounds++;
    }
  })();
  await clock.advance(1000);
  expect(rounds).toBe(10);
  stop.abort(new Error('enough'));
  await expect(loop).rejects.toThrow('enough');
  expect(clock.timers).toBe(0);
});

test('a cancelled timer does not fire', async () => {
  const clock = new FakeClock();
  let fired = false;
  const cancel = clock.after(10, () => {
    fired = true;
  });
  cancel();
  await clock.advance(20);
  expect(fired).toBe(false);
});

test('waiting resolves when somebody sleeps', async () => {
  const clock = new FakeClock();
  const waiting = clock.waiting();
  void clock.sleep(5);
  await waiting;
  expect(clock.timers).toBe(1);
});
