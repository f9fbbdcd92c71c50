import { expect, test } from 'vitest';
import { type CostQuestion, costOf, measuredCpuNs, REFERENCE } from './cost.ts';

const QUESTION: CostQuestion = {
  logsPerSecond: 2000,
  rate: 0.5,
  durationMs: 600_000,
  spansPerLog: 3,
  shape: 'waterfall',
  spanBytes: 200,
  spanCpuNs: 100,
  storeBytes: 64 * 2 ** 20,
};

test('a rule costs what its spans take', () => {
  expect(costOf(QUESTION)).toEqual({
    logs_per_second: 2000,
    traces_per_second: 1000,
    spans_per_second: 3000,
    bytes_per_second: 600_000,
    cpu_share: 0.0003,
    span: { per_log: 3, bytes: 200, bytes_measured: true, cpu_ns: 100, cpu_measured: true },
    total: {
      seconds: 600,
      spans: 1_800_000,
      bytes: 360_000_000,
      store_bytes: 67_108_864,
      fits_store: false,
      store_seconds: 111.8,
    },
  });
});

test('where nothing was measured, reference figures stand in and say so', () => {
  const cost = costOf({ ...QUESTION, spanBytes: null, spanCpuNs: null });
  const { bytes, cpuNs } = REFERENCE.waterfall;
  expect(cost.span).toMatchObject({
    bytes,
    bytes_measured: false,
    cpu_ns: cpuNs,
    cpu_measured: false,
  });
  expect(cost.bytes_per_second).toBe(3000 * bytes);
});

test('the smallest rate there is makes no number that JSON has not', () => {
  const { total } = costOf({ ...QUESTION, rate: Number.MIN_VALUE });
  expect(total).not.toHaveProperty('store_seconds');
});

test('no logs cost nothing, and the store reaches back for ever', () => {
  const { spans_per_second, cpu_share, total } = costOf({ ...QUESTION, logsPerSecond: 0 });
  expect([spans_per_second, cpu_share, total.spans, total.fits_store]).toEqual([0, 0, 0, true]);
  expect(total).not.toHaveProperty('store_seconds');
});

test.each([
  [{ logSpans: 100_000, systemSpans: 100, cpuMs: 10 }, 100],
  [{ logSpans: 9999, systemSpans: 0, cpuMs: 10 }, null],
  [{ logSpans: 20_000, systemSpans: 10_000, cpuMs: 10 }, null],
])('%j: %s ns a span', (spent, expected) => {
  expect(measuredCpuNs(spent)).toBe(expected);
});
