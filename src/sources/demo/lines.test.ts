import { expect, test } from 'vitest';
import { nginxLine } from './nginx-line.ts';
import { Random } from './random.ts';
import { shopCrash, shopLine } from './shop-line.ts';
import { workerLine } from './worker-line.ts';

const AT = Date.parse('2026-11-22T18:05:11.123Z');
const COMBINED =
  /^[\d.]+ - \S+ \[22\/Nov\/2026:18:05:11 \+0000\] "[A-Z]+ \/\S* HTTP\/\d\.\d" \d{3} \d+ "[^"]+" "[^"]+"$/;

function many(line: (random: Random) => string, count = 5000): string[] {
  const random = new Random(7);
  return Array.from({ length: count }, () => line(random));
}

const meanBytes = (lines: string[]) => Buffer.byteLength(lines.join('\n')) / lines.length;

const shop = (random: Random) => shopLine(random, AT, { stackTraces: true });

test.each([
  ['nginx', (random: Random) => nginxLine(random, AT)],
  ['shop', shop],
  ['crash', shopCrash],
  ['worker', (random: Random) => workerLine(random, AT)],
])('%s lines depend on the seed and the time only', (_, line) => {
  expect(many(line, 50)).toEqual(many(line, 50));
  expect(new Set(many(line, 50)).size).toBeGreaterThan(1);
});

test('nginx lines have the combined format and about 195 bytes', () => {
  const lines = many((random) => nginxLine(random, AT));
  for (const line of lines) expect(line).toMatch(COMBINED);
  expect(meanBytes(lines)).toBeGreaterThan(185);
  expect(meanBytes(lines)).toBeLessThan(205);
});

test('shop lines are JSON objects of 15 to 18 keys and about 340 bytes, without line breaks', () => {
  const lines = many((random) => shopLine(random, AT, { stackTraces: false }));
  const keys = lines.map((line) => Object.keys(JSON.parse(line)).length);
  expect(Math.min(...keys)).toBe(15);
  expect(Math.max(...keys)).toBe(18);
  expect(meanBytes(lines)).toBeGreaterThan(325);
  expect(meanBytes(lines)).toBeLessThan(355);
  expect(lines.join('')).not.toContain('\n');
});

test('shop lines carry trace context, levels and non-ASCII text', () => {
  const lines = many(shop);
  const parsed = lines.map((line) => JSON.parse(line));
  for (const { trace_id, span_id, timestamp } of parsed) {
    expect(trace_id).toMatch(/^[0-9a-f]{32}$/);
    expect(span_id).toMatch(/^[0-9a-f]{16}$/);
    expect(timestamp).toBe('2026-11-22T18:05:11.123Z');
  }
  expect(new Set(parsed.map(({ level }) => level))).toEqual(new Set(['DEBUG', 'INFO', 'WARN', 'ERROR']));
  expect(lines.some((line) => line.includes('佐藤'))).toBe(true);
});

test('some errors of the shop carry a stack trace of several lines', () => {
  const traces = many(shop)
    .map((line) => JSON.parse(line).stack_trace)
    .filter((trace) => trace !== undefined);
  expect(traces.length).toBeGreaterThan(0);
  for (const trace of traces) expect(trace.split('\n').length).toBeGreaterThanOrEqual(4);
});

test('a crash is a stack trace of several plain lines', () => {
  const [first, ...frames] = shopCrash(new Random(3)).split('\n');
  expect(first).toMatch(/^Exception in thread "exec-\d+" java\./);
  expect(frames.length).toBeGreaterThanOrEqual(3);
  for (const frame of frames) expect(frame).toMatch(/^\tat /);
});
