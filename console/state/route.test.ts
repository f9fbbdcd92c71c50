import { expect, test } from 'vitest';
import { href, parseHash } from './route.ts';

test('an address is read back as it was written', () => {
  const query = { source: '/var/log/a b&c.log', outcome: 'dropped' };
  expect(parseHash(href('traces', query))).toEqual({ page: 'traces', query });
});

test('what is not set is not written', () => {
  expect(href('traces', { source: '', outcome: undefined })).toBe('#/traces');
});

test('an unknown page is the first one', () => {
  expect(parseHash('#/nowhere?x=1').page).toBe('pipeline');
  expect(parseHash('').page).toBe('pipeline');
});
