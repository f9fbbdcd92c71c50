import { expect, test } from 'vitest';
import { clock, clockMs, full, minute, moment } from './time.ts';

const at = new Date(2026, 10, 22, 14, 5, 9, 42).getTime();

test('clocks have what they are for', () => {
  expect([minute(at), clock(at), clockMs(at)]).toEqual(['14:05', '14:05:09', '14:05:09.042']);
});

test('text is read as the API writes it', () => {
  expect(clockMs(new Date(at).toISOString())).toBe('14:05:09.042');
});

test('the full time has date and offset', () => {
  expect(full(at)).toMatch(/^2026-11-22 14:05:09\.042 [+−]\d\d:\d\d$/);
  expect(full('never')).toBe('');
});

test('an event of another day says which', () => {
  expect(moment(at, at + 1000)).toBe('14:05:09');
  expect(moment(at, at + 2 * 86_400_000)).toBe('2026-11-22 14:05:09');
});
