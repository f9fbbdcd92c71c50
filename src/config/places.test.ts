/** Components that get in each other's way, with the words an operator reads. Line 1 is the first one below. */
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { templateText } from '../component/template.ts';
import { parseConfig } from './load.ts';
import { ConfigError } from './problem.ts';
import * as fixture from './registry.fixture.ts';
import type { Registry } from './schema.ts';

const path = templateText(['source', 'file', 'date']).describe('Where to.');
const note = z.string().optional().describe('Anything.');
const registry: Registry = {
  ...fixture.registry,
  sources: fixture.registry.sources.map((spec) =>
    spec.type === 'file'
      ? {
          ...spec,
          schema: spec.schema.extend({ exclude: z.array(z.string()).default(['*.gz']).describe('Not.') }),
        }
      : spec,
  ),
  sinks: [
    ...fixture.registry.sinks,
    { ...fixture.registry.sinks[0]!, type: 'file', schema: z.strictObject({ path, note }) },
  ],
};

function problemsOf(text: string): string {
  try {
    parseConfig(text, 'c.yaml', { registry, environment: {} });
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return '';
}

/** A source of files and a sink that writes `to`, both in flow style in lines 2 and 4. */
const loop = (source: string, to: string, rest = '') =>
  `sources:\n  - { id: a, type: file, ${source} }\nsinks:\n  - { id: o, type: file, path: "${to}" }\n${rest}`;

test('standard input has one reader', () => {
  expect(
    problemsOf(
      'sources:\n  - { id: a, type: stdin }\n  - { id: b, type: stdin }\nsinks: [{ id: o, type: stdout }]',
    ),
  ).toBe(
    'c.yaml:3:20: sources[1].type: sources[0] reads standard input already, and each line can be read once; expected one source of type stdin',
  );
});

const twoSinks = (one: string, other: string) =>
  `sources: [{ id: a, type: stdin, labels: { env: prod } }, { id: b, type: file, include: [/in/*] }]\nsinks:\n  - { id: o, type: file, ${one} }\n  - { id: p, type: file, ${other} }`;

test.each([
  ['the same text', 'path: /out/x', 'path: /out/x'],
  ['another way to write it', 'path: out/x', `path: ${resolve('out')}/./y/../x`],
  ['a placeholder and its value', 'path: "/out/{source}"', 'path: /out/b'],
  ['sources of their own', 'path: /out/x, sources: [a]', 'path: /out/x, sources: [b]'],
  ['a label', 'path: "/out/{label.env}", sources: [a]', 'path: /out/prod'],
])('two sinks cannot write the same file: %s', (_name, one, other) => {
  expect(problemsOf(twoSinks(one, other))).toMatch(
    /^c\.yaml:4:\d+: sinks\[1\]\.path: sinks\[0\] writes to the same file; two writers would damage it: give each sink a path of its own$/,
  );
});

test.each([
  ['other files', 'path: /out/x', 'path: /out/y'],
  ['other sources', 'path: "/out/{source}", sources: [a]', 'path: "/out/{source}", sources: [b]'],
])('two sinks may write %s', (_name, one, other) => {
  expect(problemsOf(twoSinks(one, other))).toBe('');
});

test.each([
  ['a pattern', 'include: [/logs/*.log]', '/logs/{source}.log'],
  ['a pattern of folders', 'include: [/logs/**/*.log]', '/logs/copies/all.log'],
  ['the name of the file read', 'include: ["/logs/**/*.{log,txt}"]', '/logs/copies/{file}'],
  ['the day', 'include: [/logs/*]', '/logs/{date}.log'],
  ['relative paths', 'include: [out/*]', './out/x'],
])('what a source reads cannot be written with its logs: %s', (_name, source, to) => {
  expect(problemsOf(loop(source, to))).toMatch(
    /^c\.yaml:4:\d+: sinks\[0\]\.path: what is written here is read again by sources\[0\] \(a\), without end; write to another folder, or add the path to "exclude" of that source$/,
  );
});

test.each([
  ['elsewhere', 'include: [/logs/*.log]', '/out/{file}', ''],
  ['excluded by a name', 'include: [/logs/*], exclude: ["*.copy"]', '/logs/{source}.copy', ''],
  ['excluded by default', 'include: [/logs/*]', '/logs/{source}.gz', ''],
  ['excluded with its folder', 'include: [/logs/**], exclude: [/logs/out]', '/logs/out/x', ''],
  ['below state_dir', 'include: ["/logs/**/*.log"]', '/logs/data/out/x.log', 'state_dir: /logs/data'],
  ['with braces without number', `include: ["/logs/${'{a,b}'.repeat(24)}"]`, '/logs/x', ''],
])('what is written is no loop: %s', (_name, source, to, rest) => {
  expect(problemsOf(loop(source, to, rest))).toBe('');
});

const chain = (lastPath: string) =>
  [
    'sources:',
    '  - { id: a, type: file, include: [/a/*] }',
    '  - { id: b, type: file, include: [/b/*] }',
    'sinks:',
    '  - { id: ab, type: file, path: /b/x, sources: [a] }',
    `  - { id: ba, type: file, path: ${lastPath}, sources: [b] }`,
  ].join('\n');

test('a loop by way of another source is found, a chain is none', () => {
  expect(problemsOf(chain('/a/y'))).toMatch(
    /sinks\[0\]\.path: .*sources\[1\] \(b\).*\n.*sinks\[1\]\.path: .*sources\[0\] \(a\)/,
  );
  expect(problemsOf(chain('/c/y'))).toBe('');
});

test('a label that no source of the sink has', () => {
  const text = (to: string) =>
    `sources:\n  - { id: a, type: stdin, labels: { team: x } }\nsinks:\n  - { id: o, type: file, path: "${to}" }`;
  expect(problemsOf(text('/out/{label.tem}'))).toBe(
    'c.yaml:4:32: sinks[0].path: {label.tem}: no source that goes here has this label; did you mean {label.team}?',
  );
  expect(problemsOf(text('/out/{label.service}'))).toContain('there are: team');
  expect(problemsOf(text('/out/{label.team}'))).toBe('');
});
