import fc from 'fast-check';
import { expect, test } from 'vitest';
import { elementsOf, JsonFault } from './json-array.ts';

const texts = (body: string) => {
  const bytes = Buffer.from(body);
  return elementsOf(bytes).map(({ start, end }) => bytes.toString('utf8', start, end));
};

test('finds every element of any array, however it is spaced', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), fc.constantFrom(0, 2, '\t'), (values, space) => {
      const found = texts(` ${JSON.stringify(values, null, space)}\r\n`).map((text) => JSON.parse(text));
      expect(found).toEqual(JSON.parse(JSON.stringify(values)));
    }),
  );
});

test.each([
  ['{"a":[1,"]"]} ', ['{"a":[1,"]"]}']],
  ['[]', []],
  [
    String.raw`["a\"]", "\\", {"b":"\\\"}"}]`,
    [String.raw`"a\"]"`, String.raw`"\\"`, String.raw`{"b":"\\\"}"}`],
  ],
  ['[12345678901234567890]', ['12345678901234567890']],
  ['[{bad},"good"]', ['{bad}', '"good"']],
])('%s', (body, expected) => {
  expect(texts(body)).toEqual(expected);
});

test.each([
  ['', 'expected an array of strings and objects at the end of the body'],
  ['"text"', 'expected an array of strings and objects at byte 0'],
  ['["a"', 'expected "," or "]" at the end of the body'],
  ['["a" "b"]', 'expected "," or "]" at byte 5'],
  ['["a",]', 'expected a string or an object at byte 5'],
  ['["a"]x', 'expected nothing more at byte 5'],
  ['{"a":1}{"b":2}', 'expected nothing more at byte 7'],
  ['[{"a":', 'the body ends inside an object or array at the end of the body'],
  [String.raw`["a\"]`, 'the body ends inside a string at the end of the body'],
])('%j is no array: %s', (body, message) => {
  expect(() => texts(body)).toThrow(new JsonFault(message));
});

test('ends on any bytes', () => {
  const bytes = fc.array(fc.constantFrom(...'[]{},"\\ a1\n'.split('')), { maxLength: 40 });
  fc.assert(
    fc.property(bytes, (characters) => {
      try {
        texts(characters.join(''));
      } catch (error) {
        expect(error).toBeInstanceOf(JsonFault);
      }
    }),
    { numRuns: 1000 },
  );
});
