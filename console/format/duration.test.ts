import { expect, test } from 'vitest';
import { countdown, duration, parse, written } from './duration.ts';

test.each([
  [0, '0 ms'],
  [0.01, 'under 0.1 ms'],
  [0.3, '0.3 ms'],
  [96.24, '96.2 ms'],
  [99.97, '100 ms'],
  [284.4, '284 ms'],
  [999.9, '1 s'],
  [1314, '1.31 s'],
  [12_340, '12.3 s'],
  [130_000, '2 min 10 s'],
  [6_420_000, '1 h 47 min'],
  [273_600_000, '3 d 4 h'],
])('%d ms is %s', (ms, text) => {
  expect(duration(ms)).toBe(text);
});

test('countdowns have whole seconds and no empty parts', () => {
  expect([0.4, 12.2, 60, 252, 3600].map(countdown)).toEqual(['0 s', '12 s', '1 min', '4 min 12 s', '1 h']);
});

test('durations are written as the configuration writes them', () => {
  expect([1, 10, 60, 90, 1440].map(written)).toEqual(['1m', '10m', '1h', '90m', '24h']);
});

test('durations of the API are read back', () => {
  expect(['9m30s', '500ms', '1h', '1.5s'].map(parse)).toEqual([570_000, 500, 3_600_000, 1500]);
  expect(parse('soon')).toBeNaN();
  expect(parse('5 apples')).toBeNaN();
});
