import { expect, test } from 'vitest';
import { facts, table } from './table.ts';

test('columns are as wide as their widest cell, numbers stand on the right', () => {
  expect(
    table(
      ['SOURCE', '>RATE'],
      [
        ['a', 1],
        ['/var/log/x', 0.25],
      ],
    ),
  ).toBe('SOURCE      RATE\na              1\n/var/log/x  0.25\n');
});

test('a cell stays on its line', () => {
  expect(table(['A'], [['one\ntwo']])).toBe('A\none two\n');
});

test('without rows there are the names', () => {
  expect(table(['A', 'B'], [])).toBe('A  B\n');
});

test('facts stand below one another', () => {
  expect(
    facts([
      ['mode', 'hybrid'],
      ['rate', 0.5],
    ]),
  ).toBe('mode  hybrid\nrate  0.5\n');
});
