import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ignoringCase } from './ignoring-case.ts';
import { LinearPattern } from './linear-pattern.ts';

test('a pattern that backtracks without end elsewhere comes to an end', () => {
  const pattern = new LinearPattern('^(([a-z])+.)+[A-Z]([a-z])+$');
  expect(pattern.test('a'.repeat(5000))).toBe(false);
  expect(new LinearPattern('(x+x+)+y', { ignoreCase: true }).test('x'.repeat(5000))).toBe(false);
});

test.each([
  ['abc', '[aA][bB][cC]'],
  ['a\\d\\x41\\u0041\\cA\\.', '[aA]\\d\\x41\\u0041\\cA\\.'],
  ['[a-f0-9X]', '[a-fA-F0-9xX]'],
  ['[0-z]', '[0-zA-Za-z]'],
  ['[^-a]', '[^-aA]'],
  ['[a-]', '[aA-]'],
  ['(?:ab)(?<name>c)', '(?:[aA][bB])(?<name>[cC])'],
  ['a{2,3}', '[aA]{2,3}'],
])('%s ignoring case is %s', (source, expected) => {
  expect(ignoringCase(source)).toBe(expected);
});

test('says the same as the flag i, for ASCII', () => {
  const atom = fc.constantFrom(
    'a',
    'B',
    'c',
    '.',
    '\\d',
    '\\w',
    '\\W',
    '\\b',
    '[a-c]',
    '[^A-C]',
    '[B-y]',
    '[\\dA-]',
    ' ',
    '[^a]',
  );
  const repeated = fc
    .tuple(atom, fc.constantFrom('', '*', '+', '?', '{1,2}'))
    .map(([a, b]) => (a === '\\b' ? a : a + b));
  const source = fc.array(repeated, { minLength: 1, maxLength: 5 }).map((parts) => parts.join(''));
  const text = fc.string({
    unit: fc.constantFrom('a', 'A', 'b', 'B', 'c', 'C', 'x', 'Y', '1', ' ', '-', '_'),
    maxLength: 12,
  });
  fc.assert(
    fc.property(source, text, (pattern, sample) => {
      expect(new RegExp(ignoringCase(pattern)).test(sample)).toBe(new RegExp(pattern, 'i').test(sample));
    }),
    { numRuns: 2000 },
  );
});
