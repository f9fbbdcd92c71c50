import { matchesGlob } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { streamOf } from './decision.fixture.ts';
import { sourceExclusion } from './exclude.ts';
import { Closeness, SourcePattern } from './source-pattern.ts';

const closeness = (pattern: string, id: string, source = 'app', path?: string) =>
  new SourcePattern(pattern).closeness(streamOf(id, source, path === undefined ? {} : { path }));

test.each([
  ['/var/log/a.log', Closeness.exact],
  ['nginx', Closeness.source],
  ['/var/log/*.log', Closeness.glob],
  ['ngin?', Closeness.glob],
  ['/var/log/b.log', Closeness.none],
  ['/var/log', Closeness.none],
])('%s names /var/log/a.log of source nginx with closeness %d', (pattern, expected) => {
  expect(closeness(pattern, '/var/log/a.log', 'nginx')).toBe(expected);
});

test('a path names the stream that reads it, whatever the stream is called', () => {
  expect(closeness('/var/log/a.log', 'stream-1', 'app', '/var/log/a.log')).toBe(Closeness.exact);
});

test('a name that looks like a glob is still exact', () => {
  expect(closeness('web[1]', 'web[1]')).toBe(Closeness.exact);
});

describe('globs', () => {
  test.each([
    ['/var/*/x.log', '/var/log/x.log', true],
    ['/var/*', '/var/log/x.log', false],
    ['/var/**', '/var/log/x.log', true],
    ['/var/**/x.log', '/var/x.log', true],
    ['/var/**/x.log', '/var/a/b/x.log', true],
    ['/a/**/b/**/c', '/a/b/x/c', true],
    ['**/x.log', 'x.log', true],
    ['web-?', 'web-1', true],
    ['web-?', 'web-/', false],
    ['web-[0-9]', 'web-7', true],
    ['web-[!0-9]', 'web-7', false],
    ['{web,api}-{1,2}', 'api-2', true],
    ['{web,api}-{1,2}', 'api-3', false],
    ['🙂?', '🙂🙂', true],
    ['a.b*', 'axbc', false],
  ])('%s and %s: %s', (pattern, id, expected) => {
    expect(closeness(pattern, id) === Closeness.glob).toBe(expected);
  });

  test('agree with path.matchesGlob of Node', () => {
    const part = fc.constantFrom('a', 'b', '*', '?', '[ab]', '/', '{a,b}', 'c');
    fc.assert(
      fc.property(
        fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join('')),
        fc
          .array(fc.constantFrom('a', 'b', 'c', '/'), { minLength: 1, maxLength: 6 })
          .map((parts) => parts.join('')),
        (pattern, id) => {
          // Node gives "**", empty parts and slashes at the end of paths a meaning of their own.
          fc.pre(/[*?[{]/.test(pattern) && !/\*\*|\/\/|\/$|^\//.test(pattern) && !/\/\/|\/$|^\//.test(id));
          fc.pre(pattern !== id);
          expect(closeness(pattern, id, '////') === Closeness.glob).toBe(matchesGlob(id, pattern));
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('many stars and a long name that fails late end at once', () => {
    expect(closeness('*a'.repeat(40), `${'a'.repeat(4000)}b`)).toBe(Closeness.none);
  });

  test.each(['a[b', '{a,b}'.repeat(7)])('%s is refused', (pattern) => {
    expect(() => new SourcePattern(pattern)).toThrow();
  });
});

test('sources are excluded by source, stream or glob', () => {
  const excluded = sourceExclusion(['tempo', '/var/log/otel/*.log']);
  expect(excluded(streamOf('/x.log', 'tempo'))).toBe(true);
  expect(excluded(streamOf('/var/log/otel/a.log'))).toBe(true);
  expect(excluded(streamOf('/var/log/app.log'))).toBe(false);
});
