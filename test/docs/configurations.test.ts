/**
 * Every configuration that the documentation shows is one that the agent accepts. A block of YAML with `sources` and
 * `sinks` is a whole file; any other is a part, and is completed with a source and a sink. YAML of other programs says
 * whose it is behind the language: ```yaml prometheus
 */
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseConfig } from '../../src/config/load.ts';
import { ConfigError } from '../../src/config/problem.ts';
import * as registry from '../../src/registry.ts';
import { allPages, type Fence } from './markdown.ts';

const snippets = allPages().flatMap(({ path, fences }) =>
  fences
    .filter(({ language, words }) => language === 'yaml' && words.length === 0)
    .map((fence) => [`${path}:${fence.line}`, fence] as const),
);

describe('configurations in the documentation', () => {
  test('are found', () => expect(snippets.length).toBeGreaterThan(10));

  test.each(snippets)('%s', (_, fence) => {
    expect(problemsOf(fence)).toEqual([]);
  });
});

test('a wrong configuration is noticed', () => {
  const fence = { language: 'yaml', words: [], line: 1, text: 'tracing: { mode: hybird }' };
  expect(problemsOf(fence)).toHaveLength(1);
});

/** What such a part lacks to be a file. */
const COMPLETION = {
  sources: 'sources: [{ id: demo, type: demo }]',
  sinks: 'sinks: [{ id: nowhere, type: blackhole }]',
};

function problemsOf({ text }: Fence): string[] {
  const given = Object.keys((parse(text) ?? {}) as object);
  const missing = Object.entries(COMPLETION).filter(([key]) => !given.includes(key));
  const whole = [text, ...missing.map(([, line]) => line)].join('\n');
  // Long enough for a token.
  const variables = [...whole.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => [name!, `${name}-`.repeat(8)]);
  try {
    parseConfig(whole, 'docs.yaml', { registry, environment: Object.fromEntries(variables) });
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems
      .filter(({ message }) => !message.startsWith('there is no such file'))
      .map(({ line, path, message }) => `line ${line}: ${path.join('.')}: ${message}`);
  }
}
