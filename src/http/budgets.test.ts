import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FakeClock } from '../component/fake-clock.ts';
import { addressOf, Budgets } from './budgets.ts';

function budgets(requests = 3, perMs = 300) {
  const clock = new FakeClock({ now: 5_000 });
  return { clock, budgets: new Budgets({ requests, perMs, clock }) };
}

test('all of a budget may be taken at once, and no more', () => {
  const { budgets: all } = budgets();
  expect([1, 2, 3].map(() => all.take('a'))).toEqual([0, 0, 0]);
  expect(all.take('a')).toBeCloseTo(100);
});

test('it refills evenly', async () => {
  const { budgets: all, clock } = budgets();
  for (let i = 0; i < 3; i++) all.take('a');
  await clock.advance(99);
  expect(all.take('a')).toBeCloseTo(1);
  await clock.advance(1);
  expect(all.take('a')).toBe(0);
  expect(all.take('a')).toBeCloseTo(100);
});

test('asking in vain costs nothing', async () => {
  const { budgets: all, clock } = budgets();
  for (let i = 0; i < 50; i++) all.take('a');
  await clock.advance(100);
  expect(all.take('a')).toBe(0);
});

test('every client has its own', () => {
  const { budgets: all } = budgets(1);
  expect([all.take('a'), all.take('b')]).toEqual([0, 0]);
  expect(all.take('a')).toBeGreaterThan(0);
});

test('never more than the budget within its time, whenever they come', async () => {
  const steps = fc.array(fc.integer({ min: 0, max: 120 }), { minLength: 20, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(steps, async (pauses) => {
      const { budgets: all, clock } = budgets(5, 500);
      const taken: number[] = [];
      for (const pause of pauses) {
        await clock.advance(pause);
        if (all.take('a') === 0) taken.push(clock.now());
      }
      // A burst and what refills meanwhile: at most twice the budget in any window, and the rate on the whole.
      for (const start of taken) {
        expect(taken.filter((at) => at >= start && at < start + 500).length).toBeLessThanOrEqual(10);
      }
      const span = (taken.at(-1) ?? 0) - (taken[0] ?? 0);
      expect(taken.length).toBeLessThanOrEqual(5 + span / 100 + 1);
    }),
    { numRuns: 30 },
  );
});

test('ten thousand clients are remembered, and the one not seen for longest is forgotten', () => {
  const { budgets: all } = budgets(1);
  all.take('first');
  for (let i = 0; i < 9_999; i++) all.take(`client ${i}`);
  expect(all.take('first')).toBeGreaterThan(0);
  all.take('one more');
  expect(all.take('first')).toBe(0);
});

describe('an address', () => {
  test.each([
    ['10.1.2.3', '10.1.2.3'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:db8::9', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ])('%s stands for %s', (ip, client) => {
    expect(addressOf(ip)).toBe(client);
  });
});
