import { expect, test } from 'vitest';
import { addRows, KEPT, levelOf } from './rows.ts';

const event = (text: string) => ({ at: '', source: 's', text });

test('the newest stand first, each with a key of its own', () => {
  const rows = addRows(addRows([], [event('a'), event('b')], 0), [event('c')], 2);
  expect(rows.map(({ text, key }) => [text, key])).toEqual([
    ['c', 2],
    ['b', 1],
    ['a', 0],
  ]);
});

test('old lines make room', () => {
  const rows = addRows(
    [],
    Array.from({ length: KEPT + 5 }, (_, index) => event(String(index))),
    0,
  );
  expect(rows).toHaveLength(KEPT);
  expect(rows[0]!.text).toBe(String(KEPT + 4));
});

test.each([
  [{ ...event('x'), level: 'ERROR' }, 'error'],
  [{ ...event('error'), level: 'info' }, 'other'],
  [event('{"level":"warn"}'), 'warn'],
  [event('kernel panic'), 'error'],
  [event('terrors of the deep'), 'other'],
])('the level of %o is %s', (row, level) => {
  expect(levelOf(row)).toBe(level);
});
