import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as registry from '../registry.ts';
import { COMPONENTS_REFERENCE_FILE, componentsReference } from './components-reference.ts';

const page = componentsReference();

test('docs/reference/components.md is up to date (else run `npm run generate`)', () => {
  expect(readFileSync(COMPONENTS_REFERENCE_FILE, 'utf8')).toBe(page);
});

test.each([
  ...registry.sources.map(({ type }) => ['source', type] as const),
  ...registry.processors.map(({ type }) => ['processor', type] as const),
  ...registry.sinks.map(({ type }) => ['sink', type] as const),
])('the example of %s %s has one', (kind, type) => {
  const section = page.split(`### ${kind} ${type}\n`)[1]?.split('\n##')[0];
  expect(section).toMatch(new RegExp(`^ +(- \\{ )?(- )?type: ${type}\\b`, 'm'));
});
