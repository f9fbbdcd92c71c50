import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nameFromBytes, shownPath, systemPath } from './names.ts';

const pieces = ['a', 'ü', '€', '😀']
  .map((text) => Buffer.from(text))
  .concat(Buffer.of(0xff), Buffer.of(0xe2, 0x82));
const name = fc.oneof(
  fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
  fc.array(fc.constantFrom(...pieces)).map((parts) => Buffer.concat(parts)),
);

test('the bytes of any name come back', () => {
  fc.assert(
    fc.property(name, (bytes) => {
      const text = nameFromBytes(bytes);
      expect(Buffer.from(systemPath(text) as string)).toEqual(bytes);
      expect(shownPath(text).isWellFormed()).toBe(true);
    }),
  );
});

test('a name that is UTF-8 stays as it is', () => {
  expect(nameFromBytes(Buffer.from('größe.log'))).toBe('größe.log');
  expect(systemPath('/größe.log')).toBe('/größe.log');
});

test('a byte that is not UTF-8 is shown as what it is', () => {
  expect(shownPath(nameFromBytes(Buffer.from('gr\xfc\xdfe.log', 'latin1')))).toBe('gr\\xfc\\xdfe.log');
});
