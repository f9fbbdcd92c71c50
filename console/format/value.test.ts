import { expect, test } from 'vitest';
import { text } from './value.ts';

test.each([
  ['a', 'a'],
  [5, '5'],
  [false, 'false'],
  [undefined, ''],
  [null, 'null'],
  [['a', 1], '["a",1]'],
])('%o is %s', (value, shown) => {
  expect(text(value)).toBe(shown);
});
