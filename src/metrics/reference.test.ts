import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { metricsReference } from './reference.ts';

test('docs/reference/metrics.md is up to date (else run `npm run generate`)', () => {
  const written = readFileSync(new URL('../../docs/reference/metrics.md', import.meta.url), 'utf8');
  expect(written).toBe(metricsReference());
});
