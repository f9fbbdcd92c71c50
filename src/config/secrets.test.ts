// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${NAME} is how a configuration names a variable
/** What came from the environment is in no message, whichever part of the configuration is wrong. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { templateText } from '../component/template.ts';
import { parseConfig } from './load.ts';
import { ConfigError } from './problem.ts';
import * as fixture from './registry.fixture.ts';
import type { Registry } from './schema.ts';

/** Quotes what it refuses, as components do. */
const pattern = z.string().superRefine((value, context) => {
  const range = /\[(.)-(.)\]/.exec(value);
  if (range !== null && range[1]! > range[2]!) {
    context.addIssue({
      code: 'custom',
      message: `the pattern ${value} has a range upside down`,
      input: value,
    });
  }
});
const own = z
  .strictObject({
    pattern: pattern.optional().describe('A pattern.'),
    path: templateText(['source'])
      .refine((path) => !path.endsWith('/'), { error: 'expected the path of a file' })
      .optional()
      .describe('A path.'),
    one: z.string().optional().describe('One.'),
    other: z.string().optional().describe('Other.'),
  })
  .refine(({ one, other }) => one === other, {
    error: (issue) => `one and other differ: ${JSON.stringify(issue.input)}`,
  });
const registry: Registry = {
  ...fixture.registry,
  sinks: [{ ...fixture.registry.sinks[0]!, type: 'own', schema: own }],
};

function problemsOf(sink: string, SECRET: string, rest = ''): string {
  const text = `sources: [{ id: a, type: stdin }]\nsinks:\n  - id: o\n    type: own\n${sink}\n${rest}`;
  try {
    parseConfig(text, 'c.yaml', { registry, environment: { SECRET, DIR: '/d', EMPTY: '' } });
  } catch (error) {
    if (error instanceof ConfigError) return error.message.replaceAll(/^c\.yaml:\d+:\d+: /gm, '');
    throw error;
  }
  return '';
}

describe('a message shows', () => {
  test.each([
    [
      'the pattern as written',
      '    pattern: /x/${SECRET}[z-a]',
      'sinks[0].pattern: the pattern /x/${SECRET}[z-a] has a range upside down',
    ],
    [
      'the placeholder as written',
      '    path: "{${SECRET}}"',
      'sinks[0].path: unknown placeholder {${SECRET}}; accepted: {source}, {label.NAME}',
    ],
    [
      'what is accepted, when it is the same for any value',
      '    path: ${DIR}/',
      'sinks[0].path: found ${DIR}/; expected the path of a file',
    ],
    [
      'the name of a variable that is wrong by its content',
      '    path: ${SECRET}',
      'sinks[0].path: found ${SECRET}; not accepted with what the environment holds',
    ],
    [
      'names of variables inside a mapping',
      '    one: ${SECRET}\n    other: x',
      'sinks[0]: one and other differ: {"one":"${SECRET}","other":"x","id":"o","type":"own","sources":["*"]}',
    ],
  ])('%s', (_name, sink, expected) => {
    expect(problemsOf(sink, 'hunter2{hunter2')).toBe(expected);
  });

  test('references to nothing by the name of the variable', () => {
    expect(problemsOf('    sources: ["${SECRET}"]', 'hunter2')).toBe(
      'sinks[0].sources[0]: no source matches "${SECRET}"; there are: a',
    );
  });
});

test('no content of a variable is in any message', () => {
  const sinks = [
    '    pattern: /x/${SECRET}[z-a]',
    '    pattern: "[z-a]${SECRET}"',
    '    path: "{${SECRET}}"',
    '    path: "${SECRET}/"',
    '    path: "${SECRET}{"',
    '    one: ${SECRET}',
    '    sources: ["${SECRET}"]',
    '    ${SECRET}: x',
    '    type: ${SECRET}',
  ];
  // Letters that are in no message and no name: any of them in the output came from the variable.
  const secret = fc.string({ unit: fc.constantFrom('ж', 'щ', 'ю', '{', '}', '"', '*', '/'), minLength: 1 });
  fc.assert(
    fc.property(fc.constantFrom(...sinks), secret, (sink, content) => {
      expect(problemsOf(sink, content)).not.toMatch(/[жщю]/);
    }),
  );
});
