/** The configurations of the repository as a page of the site, so that links to them lead somewhere. Called by site.ts. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { freshAnchor } from './anchors.ts';

const ROOT = join(import.meta.dirname, '..', '..');

export const EXAMPLES_PAGE = 'examples.md';

/** A chapter for each file. */
export function examplesPage(): string {
  const files = ['configs/config.yaml', ...globSync('configs/examples/*.yaml', { cwd: ROOT }).sort()];
  const chapters = files.map((file) => {
    const text = readFileSync(join(ROOT, file), 'utf8').trim();
    return `## ${file.split('/').at(-1)}\n\n\`\`\`yaml\n${text}\n\`\`\``;
  });
  return `# Example configurations\n\nWhole files; a test starts the agent with each.\n\n${chapters.join('\n\n')}\n`;
}

/** Where a path of the repository is shown there; undefined: nowhere. @param root the way to the root of the site. */
export function exampleLink(path: string, root: string): string | undefined {
  const name = /^configs(?:\/examples)?(?:\/([^/]*))?\/?$/.exec(path);
  if (name === null) return undefined;
  const anchor = name[1]?.endsWith('.yaml') ? `#${freshAnchor(name[1], new Set())}` : '';
  return `${root}examples.html${anchor}`;
}
