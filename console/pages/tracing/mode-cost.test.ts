import { expect, test } from 'vitest';
import { costOf, type Measured, type ModeCost } from './mode-cost.ts';

const measured: Measured = {
  mode: 'hybrid',
  logsPerSecond: 50_000,
  spansPerSecond: 3438,
  systemSpansPerSecond: 93,
  batchesPerSecond: 10,
  sinks: 4,
  overhead: 0.002,
  cpuShare: 0.0002,
  spanBytes: 100,
};

test('the mode that runs is measured', () => {
  expect(costOf('hybrid', measured)).toMatchObject({
    kind: 'now',
    overhead: 0.002,
    spansPerSecond: 3438,
    bytesPerSecond: 343_800,
  });
});

test('off costs nothing', () => {
  expect(costOf('off', measured)).toMatchObject({ kind: 'none', overhead: 0, spansPerSecond: 0 });
});

test('full-e2e is expected to write one span for each log', () => {
  const cost = costOf('full-e2e', measured);
  expect(cost).toMatchObject({ kind: 'expected', spansPerSecond: 50_093 });
  // 46,655 more spans of 26 ns are 0.121 % of a core, beside 10 % for everything else; 0.02 % is spent already.
  expect(cost.overhead).toBeCloseTo(0.0141, 3);
});

test('spans of full-e2e are expected to be compressed where batches have enough logs', () => {
  expect(costOf('full-e2e', measured).bytesPerSecond).toBe(50_093 * 42);
  const quiet = { ...measured, logsPerSecond: 159, spansPerSecond: 93 };
  expect(costOf('full-e2e', quiet).bytesPerSecond).toBe((159 + 93) * 125);
  expect(costOf('full-e2e', { ...quiet, logsPerSecond: 160 }).bytesPerSecond).toBe((160 + 93) * 42);
});

test('from off, system-only is expected to write the spans of its batches', () => {
  expect(costOf('system-only', { ...measured, mode: 'off', overhead: 0 })).toMatchObject({
    spansPerSecond: 60,
    overhead: null,
  });
});

test('what was measured before is kept, with its time', () => {
  const before: ModeCost = {
    kind: 'now',
    overhead: 0.001,
    cpuShare: 0,
    spansPerSecond: 88,
    bytesPerSecond: 1,
    at: 7,
  };
  expect(costOf('system-only', measured, before)).toEqual({ ...before, kind: 'was' });
});

test('what hybrid would choose is not known before', () => {
  expect(costOf('hybrid', { ...measured, mode: 'off' })).toMatchObject({ kind: 'expected', overhead: null });
});
