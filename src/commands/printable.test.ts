import { expect, test } from 'vitest';
import { printable } from './printable.ts';

test.each([
  ['\u001b[2Jgone', '\\u001b[2Jgone'],
  ['a\tb\r', 'a\\tb\\r'],
  ['\u007f\u009b31m', '\\u007f\\u009b31m'],
  ['lines\nstay', 'lines\nstay'],
  ['日本 é', '日本 é'],
])('%j', (text, shown) => {
  expect(printable(text)).toBe(shown);
});
