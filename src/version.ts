/** The version of this installation, as in its package.json. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const metadata = JSON.parse(readFileSync(join(import.meta.dirname, '..', 'package.json'), 'utf8')) as {
  version: string;
};

export const VERSION = metadata.version;
