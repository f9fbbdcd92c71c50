import { describe, expect, test } from 'vitest';
import { ruleRequestSchema } from './on-demand-request.ts';
import { compileWhere, LinearPattern } from './on-demand-where.ts';

describe('where', () => {
  test.each([
    [{ level: 'warn' }, 'x', 13, true],
    [{ level: 'warn' }, 'x', 17, true],
    [{ level: 'warn' }, 'x', 9, false],
    [{ level: 'trace' }, 'x', 0, false],
    [{ contains: 'user=7' }, 'login user=7', 0, true],
    [{ contains: 'user=7' }, 'login user=8', 0, false],
    [{ matches: 'user=\\d+$' }, 'login user=8', 0, true],
    [{ matches: 'user=\\d+$' }, 'login user=x', 0, false],
    [{ level: 'error', contains: 'a', matches: '^b' }, 'b a', 17, true],
    [{ level: 'error', contains: 'a', matches: '^b' }, 'c a', 17, false],
  ] as const)('%j and "%s" of severity %d: %s', (where, text, severity, expected) => {
    expect(compileWhere(where)(text, severity)).toBe(expected);
  });

  test('looks at the first 4096 characters', () => {
    const test = compileWhere({ contains: 'needle' });
    expect(test(`${'x'.repeat(4090)}needle`, 0)).toBe(true);
    expect(test(`${'x'.repeat(4091)}needle`, 0)).toBe(false);
  });
});

describe('LinearPattern', () => {
  test.each(['(a+)+$', '^(a|a)*$', '(.*)*x', '.*.*.*.*.*x'])(
    '%s ends on text made to keep it busy',
    (source) => {
      // A backtracking engine would take longer than the universe exists for the first two.
      expect(new LinearPattern(source).test(`${'a'.repeat(4095)}b`)).toBe(false);
    },
  );

  test.each(['(a)\\1', '(?=a)b', 'a{1,1000}'])('%s is refused with what to avoid', (source) => {
    expect(() => new LinearPattern(source)).toThrow('without backreferences');
  });

  test('a mistake is named', () => {
    expect(() => new LinearPattern('(a')).toThrow('Unterminated group');
  });
});

describe('request', () => {
  const wrong = (body: unknown) =>
    ruleRequestSchema
      .safeParse(body)
      .error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];

  test('only a source id is needed', () => {
    expect(ruleRequestSchema.parse({ source_id: 'app' })).toEqual({ source_id: 'app', rate: 1 });
  });

  test('a duration is milliseconds', () => {
    expect(ruleRequestSchema.parse({ source_id: 'app', duration: '1h30m' }).duration).toBe(5_400_000);
  });

  test.each([
    [{}, 'source_id: expected the id of a source'],
    [{ source_id: '' }, 'source_id: expected the id of a source'],
    [{ source_id: 'a[' }, 'source_id: "[" without its "]"'],
    [{ source_id: 'a', rate: 1.1 }, 'rate: expected a number from 0'],
    [{ source_id: 'a', duration: '30s' }, 'duration: expected a duration'],
    [{ source_id: 'a', duration: '25h' }, 'duration: expected a duration'],
    [{ source_id: 'a', where: {} }, 'where: expected at least one of'],
    [
      { source_id: 'a', where: { matches: '(a)\\1' } },
      'where.matches: expected a regular expression without',
    ],
    [{ source_id: 'a', max_traces: 0 }, 'max_traces: '],
    [{ source_id: 'a', sample: 1 }, ': '],
  ])('%j is refused', (body, message) => {
    expect(wrong(body)).toEqual([expect.stringContaining(message)]);
  });
});
