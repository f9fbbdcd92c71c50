// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${NAME} is how a configuration names a variable
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import { expandDocument, expandText } from './env.ts';

const ENVIRONMENT = { HOST: 'web-1', EMPTY: '', PORT: '8401', A_2: 'x' };

describe('expandText', () => {
  test.each([
    ['plain', 'plain'],
    ['${HOST}', 'web-1'],
    ['a-${HOST}-${A_2}', 'a-web-1-x'],
    ['${EMPTY}', ''],
    ['${HOST:-other}', 'web-1'],
    ['${NONE:-other}', 'other'],
    ['${EMPTY:-other}', 'other'],
    ['${NONE:-}', ''],
    ['${NONE:-${HOST}}', 'web-1'],
    ['${NONE:-a${ALSO_NONE:-b}c}d', 'abcd'],
    ['${HOST:-${NONE}}', 'web-1'],
    ['$$', '$'],
    ['$${HOST}', '${HOST}'],
    ['$$${HOST}', '$web-1'],
    ['${NONE:-$$5}', '$5'],
    ['price $5', 'price $5'],
    ['$HOST', '$HOST'],
    ['^end$', '^end$'],
    ['}', '}'],
    ['{${HOST}}', '{web-1}'],
  ])('%s becomes %s', (text, expanded) => {
    expect(expandText(text, ENVIRONMENT)).toBe(expanded);
  });

  test('a variable that is not set is an error that says what to do', () => {
    expect(() => expandText('a ${NONE} b', ENVIRONMENT)).toThrow(
      'environment variable NONE is not set; set it, or give a default: ${NONE:-value}',
    );
  });

  test('inside a default that is used, too', () => {
    expect(() => expandText('${NONE:-${ALSO_NONE}}', ENVIRONMENT)).toThrow(
      'environment variable ALSO_NONE is not set',
    );
  });

  test.each(['${', '${}', '${1A}', '${HOST', '${HOST-x}', '${HOST:=x}', '${ HOST }', '${HOST:-x'])(
    '%s is an error',
    (text) => {
      expect(() => expandText(text, ENVIRONMENT)).toThrow('$$ for a dollar sign');
    },
  );

  test('text with every dollar sign doubled comes out as it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('$', '{', '}', 'A', ':', '-') }), (text) => {
        expect(expandText(text.replaceAll('$', '$$$$'), {})).toBe(text);
      }),
    );
  });

  test('what a variable holds is never expanded again', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('$', '{', '}', 'V') }), (value) => {
        expect(expandText('<${V}>', { V: value })).toBe(`<${value}>`);
      }),
    );
  });
});

describe('expandDocument', () => {
  function expand(text: string, environment: Record<string, string> = ENVIRONMENT) {
    const document = parseDocument(text);
    const failed = expandDocument(document, environment);
    return { value: document.toJS() as unknown, failed };
  }

  test.each([
    ['a: ${PORT}', 8401],
    ['a: ${NONE:-true}', true],
    ['a: ${NONE:-1e3}', 1000],
    ['a: ${NONE:-~}', null],
    ['a: ${NONE:-}', null],
    ['a: 1${PORT}', 18401],
    ['a: "${PORT}"', '8401'],
    ["a: '${NONE:-true}'", 'true'],
    ['a: |-\n  ${PORT}', '8401'],
    ['a: !!str ${PORT}', '8401'],
    ['a: x${PORT}', 'x8401'],
  ])('%j is read by the rules of YAML', (text, value) => {
    expect(expand(text).value).toEqual({ a: value });
  });

  test('keys and comments are left alone', () => {
    expect(expand('${HOST}: 1 # ${NONE}')).toEqual({ value: { '${HOST}': 1 }, failed: [] });
  });

  test('no content of a variable changes the structure', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.constantFrom('a: b', '- x', '[1, 2]', '{a: b}', '# c', '*x', 'a\nb: c')),
        (value) => {
          const { a, ...others } = expand('a: ${V}\nb: ["${V}"]\nc: end', { V: value }).value as Record<
            string,
            unknown
          >;
          expect(others).toEqual({ b: [value], c: 'end' });
          expect(typeof a === 'object' && a !== null).toBe(false);
        },
      ),
    );
  });

  test('failures say where, and the rest is expanded all the same', () => {
    const { value, failed } = expand('a:\n  - x: ${NONE}\n    y: ${HOST}\n  - ${ALSO_NONE}');
    expect(failed.map(({ path, node }) => ({ path, at: node.range?.[0] }))).toEqual([
      { path: ['a', 0, 'x'], at: 10 },
      { path: ['a', 1], at: 37 },
    ]);
    expect(value).toEqual({ a: [{ x: '${NONE}', y: 'web-1' }, '${ALSO_NONE}'] });
  });
});
