import { expect, test } from 'vitest';
import { FakeClock } from '../../component/fake-clock.ts';
import { Governor } from './governor.ts';

/** A check in which tracing took `share` of the CPU time of everything else. */
const usage = (share: number, others = 1000) => ({
  tracingMs: others * share,
  processMs: others * (1 + share),
  wallMs: 5000,
});

test('halves all rates at every check above the limit', () => {
  const governor = new Governor(0.05, new FakeClock());
  const factors = [0.04, 0.06, 0.2].map((share) => {
    governor.check(usage(share));
    return governor.factor;
  });
  expect(factors).toEqual([1, 0.5, 0.25]);
});

test('never lets rates fall to nothing', () => {
  const governor = new Governor(0.05, new FakeClock());
  for (let i = 0; i < 50; i++) governor.check(usage(0.5));
  expect(governor.factor).toBe(2 ** -10);
});

test('steps back up after three checks with room, slowly, up to full rates', () => {
  const governor = new Governor(0.05, new FakeClock());
  governor.check(usage(0.08));
  const factors: number[] = [];
  for (let i = 0; i < 12; i++) {
    governor.check(usage(0.01));
    factors.push(governor.factor);
  }
  expect(factors).toEqual([
    0.5, 0.5, 0.625, 0.625, 0.625, 0.78125, 0.78125, 0.78125, 0.9765625, 0.9765625, 0.9765625, 1,
  ]);
});

test('stays where a step up would take it above the limit', () => {
  const governor = new Governor(0.05, new FakeClock());
  governor.check(usage(0.08));
  for (let i = 0; i < 20; i++) governor.check(usage(0.04));
  expect(governor.factor).toBe(0.5);
});

test('settles: overhead that follows the factor ends below the limit and stays there', () => {
  const governor = new Governor(0.05, new FakeClock());
  const factors: number[] = [];
  for (let i = 0; i < 60; i++) {
    governor.check(usage(0.2 * governor.factor));
    factors.push(governor.factor);
  }
  expect(new Set(factors.slice(30)).size).toBe(1);
  expect(governor.factor * 0.2).toBeLessThanOrEqual(0.05);
});

test('an agent that does nearly nothing is not limited', () => {
  const governor = new Governor(0.05, new FakeClock());
  governor.check(usage(1, 10));
  expect(governor.factor).toBe(1);
});

test('measures but never limits without a limit', () => {
  const governor = new Governor(null, new FakeClock());
  governor.check(usage(0.5));
  expect(governor.factor).toBe(1);
  expect(governor.status()).toEqual({ state: 'off', factor: 1, overhead: 0.5, max_overhead: null });
});

test('the version grows with every step', () => {
  const governor = new Governor(0.05, new FakeClock());
  governor.check(usage(0.01));
  expect(governor.version).toBe(0);
  governor.check(usage(0.1));
  expect(governor.version).toBe(1);
});

test('status says that it limits, and since when', () => {
  const governor = new Governor(0.05, new FakeClock({ now: 1000, epoch: 0 }));
  expect(governor.status().state).toBe('normal');
  governor.check(usage(0.1));
  expect(governor.status()).toMatchObject({
    state: 'limiting',
    factor: 0.5,
    max_overhead: 0.05,
    since: '1970-01-01T00:00:01.000Z',
  });
  expect(governor.status().overhead).toBeCloseTo(0.1);
});

test('another limit starts with full rates, the same one changes nothing', () => {
  const governor = new Governor(0.05, new FakeClock());
  governor.check(usage(0.1));
  governor.update(0.05);
  expect(governor.factor).toBe(0.5);
  governor.update(0.2);
  expect(governor.factor).toBe(1);
});
