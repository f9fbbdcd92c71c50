/** Writes docs/reference/configuration.md when run by itself (`npm run generate`); reference.test.ts compares the two. */
import { writeFileSync } from 'node:fs';
import { configJsonSchema } from '../config/json-schema.ts';
import { configurationReference } from '../config/reference.ts';
import * as registry from '../registry.ts';

export const REFERENCE_FILE = new URL('../../docs/reference/configuration.md', import.meta.url);

/** The page as it should be. */
export function reference(): string {
  return configurationReference(configJsonSchema(registry, ''));
}

if (import.meta.main) writeFileSync(REFERENCE_FILE, reference());
