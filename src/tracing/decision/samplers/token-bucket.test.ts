import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FakeClock } from '../../../component/fake-clock.ts';
import { TokenBucket } from './token-bucket.ts';

test('grants whole tokens up to those of one second', () => {
  const bucket = new TokenBucket(3, new FakeClock());
  expect([bucket.take(2), bucket.take(2), bucket.take(2)]).toEqual([2, 1, 0]);
});

test('fills with time, and never beyond one second', async () => {
  const clock = new FakeClock();
  const bucket = new TokenBucket(4, clock);
  bucket.take(4);
  await clock.advance(500);
  expect(bucket.take(9)).toBe(2);
  await clock.advance(3600e3);
  expect(bucket.take(9)).toBe(4);
});

test('less than one a second still adds up to one', async () => {
  const clock = new FakeClock();
  const bucket = new TokenBucket(0.1, clock);
  expect(bucket.take(1)).toBe(1);
  await clock.advance(9_000);
  expect(bucket.take(1)).toBe(0);
  await clock.advance(1_001);
  expect(bucket.take(1)).toBe(1);
});

test('what was spent too much is paid back by waiting', async () => {
  const clock = new FakeClock();
  const bucket = new TokenBucket(10, clock);
  bucket.spend(15);
  await clock.advance(400);
  expect(bucket.take(1)).toBe(0);
  await clock.advance(200);
  expect(bucket.take(1)).toBe(1);
});

test('never grants more than a second at once and its rate over time', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 50 }),
      fc.array(fc.tuple(fc.nat(2000), fc.nat(100)), { maxLength: 20 }),
      async (perSecond, steps) => {
        const clock = new FakeClock();
        const bucket = new TokenBucket(perSecond, clock);
        let granted = 0;
        for (const [wait, wanted] of steps) {
          await clock.advance(wait);
          granted += bucket.take(wanted);
          expect(granted).toBeLessThanOrEqual(perSecond + (clock.now() / 1000) * perSecond + 1e-6);
        }
      },
    ),
    { numRuns: 30 },
  );
});
