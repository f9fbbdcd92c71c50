import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as registry from '../registry.ts';
import { REFERENCE_FILE, reference } from './reference.ts';

const page = reference();

test('docs/reference/configuration.md is up to date (else run `npm run generate`)', () => {
  expect(readFileSync(REFERENCE_FILE, 'utf8')).toBe(page);
});

test.each([
  ...registry.sources.map((spec) => ['source', spec] as const),
  ...registry.processors.map((spec) => ['processor', spec] as const),
  ...registry.sinks.map((spec) => ['sink', spec] as const),
])('the page has the %s $type with every key', (kind, { type, schema }) => {
  const section = page.split(`### ${kind} ${type}\n`)[1]?.split('\n##')[0];
  for (const key of Object.keys(schema.shape)) expect(section).toContain(`| \`${key}\` |`);
});

test('no link leads nowhere', () => {
  const headings = new Set(
    [...page.matchAll(/^#+ (.*)$/gm)].map(([, text]) => text!.toLowerCase().replaceAll(' ', '-')),
  );
  for (const [, target] of page.matchAll(/\]\(#([^)]*)\)/g)) expect(headings).toContain(target);
});
