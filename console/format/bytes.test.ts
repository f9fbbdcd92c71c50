import { expect, test } from 'vitest';
import { bytes } from './bytes.ts';

test.each([
  [0, '0 B'],
  [512, '512 B'],
  [1023, '1 KiB'],
  [133_120, '130 KiB'],
  [1_035_264, '0.99 MiB'],
  [4.7 * 2 ** 20, '4.7 MiB'],
  [261 * 2 ** 20, '261 MiB'],
  [4 * 2 ** 30, '4 GiB'],
])('%d bytes are %s', (value, text) => {
  expect(bytes(value)).toBe(text);
});
