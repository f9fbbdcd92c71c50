import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cost, count, counted, figure, list, oneIn, rate, share, short } from './number.ts';

test('counts are exact', () => {
  expect(count(404_031_852)).toBe('404,031,852');
  expect(counted(1, 'log')).toBe('1 log');
  expect(counted(0, 'batch', 'batches')).toBe('0 batches');
});

test.each([
  [0, '0/s'],
  [0.01, 'under 0.1/s'],
  [0.3, '0.3/s'],
  [2, '2/s'],
  [9.2, '9.2/s'],
  [9.97, '10/s'],
  [642.4, '642/s'],
  [50_005, '50,005/s'],
  [99_999, '99,999/s'],
  [124_000, '124 k/s'],
  [999_900, '1.00 M/s'],
  [1_236_000, '1.24 M/s'],
])('a rate of %d is %s', (value, text) => {
  expect(rate(value)).toBe(text);
});

test('figures without a letter stay short', () => {
  expect(short(512)).toBe('512');
  expect(figure(12.7)).toBe('13');
});

test.each([
  [0, '0 %'],
  [0.00001, 'under 0.01 %'],
  [0.0134, '1.34 %'],
  [0.5, '50 %'],
  [0.123, '12.3 %'],
  [0.9746, '97.46 %'],
  [0.999999, 'over 99.99 %'],
  [1, '100 %'],
])('a share of %d is %s', (value, text) => {
  expect(share(value)).toBe(text);
});

test('a share never claims nothing or all of what is neither', () => {
  fc.assert(
    fc.property(fc.double({ min: Number.MIN_VALUE, max: 1 - Number.EPSILON, noNaN: true }), (value) => {
      expect(['0 %', '100 %']).not.toContain(share(value));
    }),
  );
});

test.each([
  [0, '0'],
  [0.0004, 'under +0.1 %'],
  [0.002, '+0.2 %'],
  [0.029, '+2.9 %'],
  [0.36, '+36 %'],
])('a cost of %d is %s', (value, text) => {
  expect(cost(value)).toBe(text);
});

test('sampling rates read as one in how many', () => {
  expect([0, 0.02, 0.001, 1].map(oneIn)).toEqual(['none', '1 in 50', '1 in 1,000', 'every log']);
});

test('lists read as sentences', () => {
  expect([list([]), list(['a']), list(['a', 'b']), list(['a', 'b', 'c'])]).toEqual([
    '',
    'a',
    'a and b',
    'a, b and c',
  ]);
});
