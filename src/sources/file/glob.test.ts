import { matchesGlob } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ANY_FOLDERS, expandBraces, parseGlob, pathMatcher } from './glob.ts';
import { schema } from './schema.ts';

const matches = (pattern: string, path: string) => pathMatcher([pattern])(path);

test.each([
  ['/var/log/*.log', '/var/log/a.log', true],
  ['/var/log/*.log', '/var/log/.hidden.log', true],
  ['/var/log/*.log', '/var/log/sub/a.log', false],
  ['/var/log/**/*.log', '/var/log/a.log', true],
  ['/var/log/**/*.log', '/var/log/x/y/a.log', true],
  ['/var/log/**/*.log', '/var/logs/a.log', false],
  ['/var/log/**', '/var/log/x/y', true],
  ['/var/log/**', '/var/log', true],
  ['/a/?.log', '/a/b.log', true],
  ['/a/?.log', '/a/bb.log', false],
  ['/a/[a-c].log', '/a/b.log', true],
  ['/a/[!a-c].log', '/a/b.log', false],
  ['/a/[!a-c].log', '/a/d.log', true],
  ['/a/[]x].log', '/a/].log', true],
  ['/a/{x,y{1,2}}.log', '/a/y2.log', true],
  ['/a/{x,y{1,2}}.log', '/a/y3.log', false],
  ['/a/{x,y/z}/b', '/a/y/z/b', true],
  ['/a/\\*.log', '/a/*.log', true],
  ['/a/\\*.log', '/a/b.log', false],
  ['/a/x.log', '/a/x+log', false],
  ['/a/*-ü?.log', '/a/b-üß.log', true],
  ['*.gz', '/any/where/x.log.gz', true],
  ['*.gz', '/any/where.gz/x.log', false],
])('%s and %s: %s', (pattern, path, expected) => {
  expect(matches(pattern, path)).toBe(expected);
});

test('an unclosed bracket or brace is named', () => {
  expect(() => parseGlob('/a/[b.log')).toThrow('/a/[b.log has a [ without its ]');
  expect(() => parseGlob('/a/{b.log')).toThrow('/a/{b.log has a { without its }');
});

test('a relative pattern starts at the working directory', () => {
  expect(matches('logs/*.log', `${process.cwd()}/logs/a.log`)).toBe(true);
  expect(matches('./logs/*.log', `${process.cwd()}/logs/a.log`)).toBe(true);
});

test('a pattern is taken apart into steps, text that stands for itself as text', () => {
  expect(parseGlob('/var/log/**/*.log')).toEqual([['var', 'log', ANY_FOLDERS, /^[^/]*\.log$/su]]);
  expect(parseGlob('/a\\[1\\]/x.log')).toEqual([['a[1]', 'x.log']]);
});

test('braces expand in order, nested ones too', () => {
  expect(expandBraces('a{b,c{d,e}}f')).toEqual(['abf', 'acdf', 'acef']);
  expect(expandBraces('a{b}c')).toEqual(['abc']);
  expect(expandBraces('a\\{b,c}')).toEqual(['a\\{b,c}']);
});

test('braces that stand for very many patterns are refused, not expanded', () => {
  expect(expandBraces('{a,b}'.repeat(10))).toHaveLength(1024);
  expect(() => parseGlob(`/x/${'{a,b}'.repeat(24)}`)).toThrow('stand for more than 1024 patterns');
  expect(() => pathMatcher(['{a,b}'.repeat(24)])).toThrow('stand for more than 1024 patterns');
  const { error } = schema.safeParse({ include: [`/x/${'{a,b}'.repeat(24)}`] });
  expect(error!.issues[0]).toMatchObject({ path: ['include', 0] });
  expect(error!.issues[0]!.message).toContain('stand for more than 1024 patterns');
});

test('on plain names it agrees with path.matchesGlob of Node', () => {
  const name = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'x'), minLength: 1, maxLength: 4 });
  const piece = fc.constantFrom('a', 'b', 'c', '*', '?', '[ab]', '[!ab]', '{a,bc}');
  const step = fc.oneof(
    { weight: 1, arbitrary: fc.constant('**') },
    {
      weight: 4,
      arbitrary: fc
        .array(piece, { minLength: 1, maxLength: 4 })
        .map((p) => p.join('').replaceAll(/\*+/g, '*')),
    },
  );
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 1, maxLength: 4 }),
      step.filter((s) => s !== '**'),
      fc.array(name, { minLength: 1, maxLength: 5 }),
      (steps, last, names) => {
        const pattern = `/${[...steps, last].join('/')}`;
        const path = `/${names.join('/')}`;
        expect(matches(pattern, path), `${pattern} ${path}`).toBe(matchesGlob(path, pattern));
      },
    ),
    { numRuns: 3000 },
  );
});
