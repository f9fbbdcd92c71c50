import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { bytesRead, cpuMs, cpuTicks, peakRssBytes } from './process-usage.ts';

test('ticks are found behind any command name', () => {
  const fields = Array.from({ length: 50 }, (_, index) => index + 3);
  expect(cpuTicks(`17 (a) b (c) ${fields.join(' ')}`)).toBe(14 + 15);
});

test('CPU time grows by the work that was done', () => {
  const before = cpuMs(process.pid);
  const used = process.cpuUsage();
  let sum = 0;
  while (process.cpuUsage(used).user < 100_000) sum += Math.sqrt(sum + 1);
  const exact = process.cpuUsage(used);
  const grown = cpuMs(process.pid) - before;
  // 20 ms: two times cut to ticks, where the kernel tells no better.
  expect(Math.abs(grown - (exact.user + exact.system) / 1000)).toBeLessThan(25);
});

test('bytes read grow by what was read', () => {
  const before = bytesRead(process.pid);
  const size = readFileSync(process.execPath).length;
  expect(bytesRead(process.pid) - before).toBeGreaterThanOrEqual(size);
});

test('peak memory is at least what is resident now', () => {
  expect(peakRssBytes(process.pid)).toBeGreaterThanOrEqual(process.memoryUsage.rss() * 0.9);
});
