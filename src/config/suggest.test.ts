import fc from 'fast-check';
import { expect, test } from 'vitest';
import { editDistance, suggest } from './suggest.ts';

test.each([
  ['inclde', 'include'],
  ['Include', 'include'],
  ['startAt', 'start_at'],
  ['start-at', 'start_at'],
  ['incldue', 'include'],
  ['excluded', 'exclude'],
])('%s was meant to be %s', (word, meant) => {
  expect(suggest(word, ['include', 'exclude', 'start_at'])).toBe(meant);
});

test.each(['', 'x', 'path', 'encoding'])('%j is close to nothing', (word) => {
  expect(suggest(word, ['include', 'exclude', 'start_at'])).toBeUndefined();
});

test('of several close words the closest is taken', () => {
  expect(suggest('stdot', ['stdin', 'stdout'])).toBe('stdout');
});

test('two neighbours swapped are one edit', () => {
  expect(editDistance('porcess', 'process')).toBe(1);
});

test('distance is symmetric, and zero only for equal texts', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
      expect(editDistance(a, b)).toBe(editDistance(b, a));
      expect(editDistance(a, b) === 0).toBe(a === b);
    }),
  );
});
