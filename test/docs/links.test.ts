/** Links between pages lead somewhere, and pages that code and messages name exist. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';
import { allPages, type Page, parsePage, ROOT } from './markdown.ts';

const pages = allPages();
const byPath = new Map(pages.map((page) => [page.path, page]));

describe('links', () => {
  test.each(pages.map((page) => [page.path, page] as const))('of %s', (_, page) => {
    expect(brokenLinks(page)).toEqual([]);
  });

  test('that lead nowhere are found', () => {
    const page = parsePage(
      'docs/x.md',
      '# A (b)\n[ok](#a-b) [no](#ab) [no](nowhere.md) ![no](n.png) `[x](y)` [ok](cli.md#exit-codes)\n',
    );
    expect(brokenLinks(page)).toEqual(['2: #ab', '2: nowhere.md', '2: n.png']);
  });
});

test('every page of docs can be reached from its index', () => {
  const seen = new Set<string>();
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const { target } of byPath.get(path)?.links ?? []) {
      const file = target.split('#')[0]!;
      if (file.endsWith('.md') && !isElsewhere(target)) visit(normalize(join(dirname(path), file)));
    }
  };
  visit('docs/README.md');
  const all = pages.map(({ path }) => path).filter((path) => path.startsWith('docs/'));
  expect(all.filter((path) => !seen.has(path))).toEqual([]);
});

test('pages that code, configurations and messages name exist', () => {
  const files = globSync(
    '{bin/*,{src,configs,console,dashboards,provisioning,deploy}/**/*.{ts,tsx,yaml,json}}',
    {
      cwd: ROOT,
      exclude: (name) => /^(dist|node_modules)$/.test(name),
    },
  );
  const missing = files.flatMap((file) => {
    const named = readFileSync(join(ROOT, file), 'utf8').matchAll(/\bdocs\/[\w./-]+\.md\b/g);
    return [...named]
      .filter(([name]) => !existsSync(join(ROOT, name)))
      .map(([name]) => `${file} names ${name}`);
  });
  expect(missing).toEqual([]);
});

function brokenLinks(page: Page): string[] {
  return page.links
    .filter(({ target }) => !isElsewhere(target) && !resolves(page, target))
    .map(({ line, target }) => `${line}: ${target}`);
}

function isElsewhere(target: string): boolean {
  return /^[a-z]+:/.test(target);
}

function resolves(page: Page, target: string): boolean {
  const [file = '', anchor] = target.split('#');
  const path = file === '' ? page.path : normalize(join(dirname(page.path), decodeURI(file)));
  if (file !== '' && !existsSync(join(ROOT, path))) return false;
  return anchor === undefined || (file === '' ? page : byPath.get(path))?.anchors.has(anchor) === true;
}
