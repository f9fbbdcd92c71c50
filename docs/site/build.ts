/**
 * `npm run docs:site`: writes the documentation as a site to dist-docs/. Any web server can serve the folder.
 * DOCS_REPOSITORY says where files of the repository can be seen; without it they are named and not linked.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { assets, DOCS, site } from './site.ts';

const OUT = join(DOCS, '..', 'dist-docs');

const files = new Map([...site({ repository: process.env.DOCS_REPOSITORY }), ...assets()]);
rmSync(OUT, { recursive: true, force: true });
for (const [path, content] of files) {
  mkdirSync(dirname(join(OUT, path)), { recursive: true });
  writeFileSync(join(OUT, path), content);
}
process.stdout.write(`dist-docs: ${files.size} files\n`);
