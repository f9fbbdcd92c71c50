import { readFileSync } from 'node:fs';
import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, test } from 'vitest';
import { API_REFERENCE_FILE, apiDocument, apiReference } from './api-reference.ts';

const document = await apiDocument();
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const),
);

test('docs/reference/api.md is up to date (else run `npm run generate`)', async () => {
  expect(readFileSync(API_REFERENCE_FILE, 'utf8')).toBe(await apiReference());
});

test('the document is OpenAPI 3.1 by the schema of the OpenAPI Initiative', async () => {
  const result = await new Validator().validate(
    structuredClone(document) as unknown as Record<string, unknown>,
  );
  expect(result).toEqual({ valid: true });
});

test('the judge finds faults', async () => {
  const paths = { '/x': { get: { responses: { abc: { description: 1 } } } } };
  const broken = { ...structuredClone(document), paths } as unknown as Record<string, unknown>;
  expect((await new Validator().validate(broken)).valid).toBe(false);
});

test('operations are told apart', () => {
  const ids = operations.map(([, { operationId }]) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
});

describe.each(operations)('%s', (name, { summary, tags, parameters = [], responses, security }) => {
  test('says what it is for, and belongs to a subject', () => {
    expect(summary).toMatch(/^[A-Z].*\.$/s);
    expect(document.tags.map((tag) => tag.name)).toContain(tags[0]);
  });

  test('describes its parameters and an answer', () => {
    const inPath = [...name.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter);
    expect(parameters.filter((each) => each.in === 'path').map((each) => each.name)).toEqual(inPath);
    expect(Object.keys(responses).some((code) => code.startsWith('2'))).toBe(true);
  });

  test('says who may use it', () => {
    const isProbe = name === 'GET /health' || name === 'GET /ready';
    expect(security.length === 0).toBe(isProbe);
    if (!isProbe) expect(responses).toHaveProperty('401');
  });
});

test('no link of the page leads nowhere', async () => {
  const page = await apiReference();
  const headings = new Set(
    [...page.matchAll(/^#+ (.*)$/gm)].map(([, text]) =>
      text!
        .toLowerCase()
        .replace(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    ),
  );
  for (const [, target] of page.matchAll(/\]\(#([^)]*)\)/g)) expect(headings).toContain(target);
});
