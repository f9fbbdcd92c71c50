import fc from 'fast-check';
import { expect, test } from 'vitest';
import { selects } from './selection.ts';

test.each([
  ['*', 'nginx'],
  ['nginx', 'nginx'],
  ['nginx-*', 'nginx-access'],
  ['nginx-*', 'nginx-'],
  ['*-access', 'nginx-access'],
  ['a*b*c', 'aXbYbZc'],
  ['a**c', 'ac'],
])('%s takes %s', (pattern, id) => {
  expect(selects([pattern], id)).toBe(true);
});

test.each([
  ['nginx', 'nginx2'],
  ['nginx', 'my-nginx'],
  ['nginx-*', 'nginx'],
  ['ab*ba', 'aba'],
  ['a*b*c', 'acb'],
  ['a.c', 'abc'],
  ['', 'a'],
])('%j does not take %s', (pattern, id) => {
  expect(selects([pattern], id)).toBe(false);
});

test('one matching pattern is enough', () => {
  expect(selects(['x', 'n*'], 'nginx')).toBe(true);
});

test('agrees with a regular expression', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 });
  const id = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 });
  fc.assert(
    fc.property(letters, id, (pattern, text) => {
      expect(selects([pattern], text)).toBe(new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(text));
    }),
    { numRuns: 1000 },
  );
});
