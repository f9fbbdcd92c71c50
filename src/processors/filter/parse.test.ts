import { expect, test } from 'vitest';
import { parseExpression } from './parse.ts';

test('"and" binds closer than "or", "not" closer than both', () => {
  expect(parseExpression('text contains "a" or not text contains "b" and level < warn')).toEqual({
    kind: 'or',
    parts: [
      { kind: 'text_contains', text: 'a' },
      {
        kind: 'and',
        parts: [
          { kind: 'not', part: { kind: 'text_contains', text: 'b' } },
          { kind: 'level', comparison: '<', level: 'warn' },
        ],
      },
    ],
  });
});

test('parentheses group', () => {
  expect(parseExpression('(text contains "a" or text contains "b") and level == ERROR')).toMatchObject({
    kind: 'and',
    parts: [{ kind: 'or' }, { kind: 'level', level: 'error' }],
  });
});

test.each([
  ['field.a exists', { kind: 'field_exists', path: ['a'] }],
  [
    'field.http.status >= 500',
    { kind: 'field_compares', path: ['http', 'status'], comparison: '>=', value: 500 },
  ],
  ['field."log.level" == "x"', { kind: 'field_equals', path: ['log.level'], value: 'x' }],
  ['field.items.0.name == null', { kind: 'field_equals', path: ['items', '0', 'name'], value: null }],
  [
    'field.@timestamp != 1.5e3',
    { kind: 'not', part: { kind: 'field_equals', path: ['@timestamp'], value: 1500 } },
  ],
  ['field.user-agent contains "x"', { kind: 'field_contains', path: ['user-agent'], text: 'x' }],
  ['field.ok == true', { kind: 'field_equals', path: ['ok'], value: true }],
  ["text == 'it\\'s\\n'", { kind: 'text_equals', text: "it's\n" }],
  ['text != ""', { kind: 'not', part: { kind: 'text_equals', text: '' } }],
])('%s', (expression, expected) => {
  expect(parseExpression(expression)).toEqual(expected);
});

test('a pattern may hold slashes in classes and behind backslashes', () => {
  expect(parseExpression('text matches /a[/]b\\/c/ and level < warn')).toMatchObject({ kind: 'and' });
});

test.each([
  ['', 'expected "text", "level", "field.…", "not" or "(" at character 1: ▸'],
  ['text contains health', 'expected a text in quotes at character 15: text contains ▸health'],
  ['text contains ""', 'expected a text that is not empty at character 15: text contains ▸""'],
  ['text contains "abc', 'expected a text that ends with " at character 15: text contains ▸"abc'],
  ['text = "a"', 'expected "==" instead of "=" at character 6: text ▸= "a"'],
  [
    'text contains "a" && level < warn',
    'expected "and" instead of "&" at character 19: text contains "a" ▸&& level < warn',
  ],
  ['text contains "a" text', 'expected "and", "or" or the end at character 19: text contains "a" ▸text'],
  ['(text contains "a"', 'expected "and", "or" or ")" at character 19: (text contains "a"▸'],
  [
    'level < warning',
    'expected one of unknown, trace, debug, info, warn, error, fatal at character 9: level < ▸warning',
  ],
  ['level < unknown', 'expected a known level'],
  ['level warn', 'expected one of == != < <= > >= at character 7: level ▸warn'],
  ['field == 1', 'expected "." and the name of a field at character 7: field ▸== 1'],
  ['field.a < "5"', 'expected a number; < compares numbers at character 11: field.a < ▸"5"'],
  [
    'field.a == yes',
    'expected a text in quotes, a number, true, false or null at character 12: field.a == ▸yes',
  ],
  ['text matches "a"', 'expected a pattern such as /error [0-9]+/i at character 14: text matches ▸"a"'],
  ['text matches /a', 'expected a pattern that ends with "/" at character 14: text matches ▸/a'],
  ['text matches /(/', 'expected a regular expression: Invalid regular expression'],
  ['text matches /a/g', 'expected no letter but "i" behind a pattern at character 17: text matches /a/▸g'],
  ['text matches /(a)\\1/', 'expected a regular expression without backreferences'],
  ['text matches /(?=a)b/', 'without backreferences, lookahead and'],
  ['text contains "\\q"', 'expected \\n, \\r, \\t, \\" or \\\\ at character 16: text contains "▸\\q"'],
])('says what is wrong with: %s', (expression, message) => {
  expect(() => parseExpression(expression)).toThrow(message);
});

test('shows only the surroundings of a mistake', () => {
  const expression = `${'text contains "x" or '.repeat(10)}oops ${'y'.repeat(100)}`;
  const shown = `ext contains "x" or ▸oops ${'y'.repeat(25)}…`;
  expect(() => parseExpression(expression)).toThrow(`at character 211: …${shown}`);
});

test('what is too long or too deep is refused, not a stack overflow', () => {
  expect(() => parseExpression('('.repeat(200))).toThrow('expected at most 100 levels');
  expect(() => parseExpression('not '.repeat(2000))).toThrow('expected at most 100 levels');
  expect(() => parseExpression(' '.repeat(20_000))).toThrow('expected at most 10000 characters');
});
