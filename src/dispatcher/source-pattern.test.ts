import { expect, test } from 'vitest';
import { sourceMatcher } from './source-pattern.ts';

test.each([
  [['*'], 'anything', true],
  [['nginx'], 'nginx', true],
  [['nginx'], 'nginx2', false],
  [['web-*', 'db'], 'web-1', true],
  [['web-*', 'db'], 'db', true],
  [['*-eu'], 'web-eu', true],
  [['a.b'], 'axb', false],
  [[], 'nginx', false],
])('%j on %s: %s', (patterns, id, selected) => {
  expect(sourceMatcher(patterns)(id)).toBe(selected);
});
