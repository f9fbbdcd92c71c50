import { expect, test } from 'vitest';
import { count, duration, list, sinksHave, size } from './words.ts';

test.each([
  [0.34, '0.3 ms'],
  [96.24, '96.2 ms'],
  [99.96, '100 ms'],
  [284.4, '284 ms'],
  [999.6, '1.00 s'],
  [1310, '1.31 s'],
  [12_040, '12.0 s'],
  [130_900, '2 min 10 s'],
  [6_420_000, '1 h 47 min'],
])('%d milliseconds are %s', (ms, text) => expect(duration(ms)).toBe(text));

test.each([
  [1, '1 byte'],
  [512, '512 bytes'],
  [1536, '1.5 KiB'],
  [118 * 2 ** 20, '118 MiB'],
  [1.1 * 2 ** 30, '1.1 GiB'],
])('%d bytes are %s', (bytes, text) => expect(size(bytes)).toBe(text));

test('counts have commas', () =>
  expect([count(7), count(999), count(1234567)]).toEqual(['7', '999', '1,234,567']));

test('lists end with and', () => {
  expect([list([]), list(['a']), list(['a', 'b']), list(['a', 'b', 'c'])]).toEqual([
    '',
    'a',
    'a and b',
    'a, b and c',
  ]);
  expect([sinksHave(1), sinksHave(3)]).toEqual(['1 sink has', '3 sinks have']);
});
