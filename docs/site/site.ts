/**
 * The documentation as a site: files and their contents, from the pages below docs. Follows every link and refuses to make
 * a site in which one leads nowhere. Reads files and writes none. Called by build.ts and its test.
 */
import { globSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, posix } from 'node:path';
import MiniSearch from 'minisearch';
import { EXAMPLES_PAGE, exampleLink, examplesPage } from './examples.ts';
import { layout } from './layout.ts';
import { escapeHtml, pageFile, type Rendered, render } from './render.ts';

export const DOCS = join(import.meta.dirname, '..');

export interface SiteOptions {
  /** Where files of the repository can be seen, such as https://example.com/log-capturer/blob/main. Default: no links to them. */
  readonly repository?: string | undefined;
  /** Path and text of every page; default: what is below docs. */
  readonly pages?: ReadonlyMap<string, string>;
}

/** Contents by path. @throws an error that lists every dead link. */
export function site({ repository, pages = readPages() }: SiteOptions = {}): Map<string, string | Buffer> {
  const outside = (page: string) => (target: string) =>
    (pages.has(EXAMPLES_PAGE) ? exampleLink(target, rootFrom(page)) : undefined) ??
    (repository === undefined ? undefined : `${repository}/${target}`);
  const rendered = new Map(
    [...pages].map(([path, text]) => [path, render(path, text, outside(path))] as const),
  );
  const dead = [...rendered].flatMap(([path, page]) => deadLinks(path, page, rendered));
  if (dead.length > 0) throw new Error(`dead links:\n${dead.join('\n')}`);
  const files = new Map<string, string | Buffer>();
  for (const [path, page] of rendered) {
    const root = rootFrom(path);
    const navigation = navigationFor(path, pages, rendered, root);
    files.set(pageFile(path), layout({ ...page, root, navigation }));
  }
  files.set('search.json', JSON.stringify(searchIndex(rendered)));
  return files;
}

/** Files that are the same in every site. */
export function assets(): Map<string, string | Buffer> {
  const require = createRequire(import.meta.url);
  const own = (name: string) => readFileSync(join(import.meta.dirname, name));
  const images = globSync('images/**/*.{svg,png}', { cwd: DOCS });
  return new Map<string, string | Buffer>([
    ['style.css', own('style.css')],
    ['search.js', own('search.js')],
    ['favicon.svg', readFileSync(join(DOCS, '..', 'console', 'public', 'favicon.svg'))],
    ['minisearch.js', readFileSync(join(require.resolve('minisearch'), '..', '..', 'es', 'index.js'))],
    ...images.map((path) => [path, readFileSync(join(DOCS, path))] as const),
  ]);
}

function readPages(): Map<string, string> {
  const paths = globSync('**/*.md', { cwd: DOCS }).sort();
  const texts = paths.map((path) => [path, readFileSync(join(DOCS, path), 'utf8')] as const);
  return new Map([...texts, [EXAMPLES_PAGE, examplesPage()]]);
}

function rootFrom(path: string): string {
  return '../'.repeat(path.split('/').length - 1);
}

function deadLinks(path: string, page: Rendered, all: ReadonlyMap<string, Rendered>): string[] {
  return page.links
    .filter((link) => {
      const [file, anchor] = link.split('#') as [string, string?];
      const target = file === '' ? path : posix.normalize(posix.join(posix.dirname(path), file));
      const found = [...all].find(([other]) => other === target || pageFile(other) === target)?.[1];
      return (
        found === undefined ||
        (anchor !== undefined && !found.headings.some((each) => each.anchor === anchor))
      );
    })
    .map((link) => `${path}: ${link}`);
}

/** The index's bold lines and the links of its lists, with the current page marked. */
function navigationFor(
  path: string,
  pages: ReadonlyMap<string, string>,
  rendered: ReadonlyMap<string, Rendered>,
  root: string,
): string {
  const groups: { title: string; links: string[] }[] = [];
  for (const line of (pages.get('README.md') ?? '').split('\n')) {
    const title = /^\*\*(.+?)\*\*/.exec(line)?.[1];
    if (title !== undefined) groups.push({ title, links: [] });
    for (const [, text, target] of line.matchAll(/\[([^\]]+)\]\(([^)#:]+\.md)\)/g)) {
      const file = target!.startsWith('../configs/examples/') ? EXAMPLES_PAGE : target;
      if (!rendered.has(file!)) continue;
      const current = file === path ? ' aria-current="page"' : '';
      const short = rendered.get(file!)!.title.replace(/^(\d+)\. /, '$1: ');
      const label = file!.startsWith('adr/') ? short : text!;
      groups
        .at(-1)
        ?.links.push(`<li><a href="${root}${pageFile(file!)}"${current}>${escapeHtml(label)}</a></li>`);
    }
  }
  return groups.map(({ title, links }) => `<p>${escapeHtml(title)}</p><ul>${links.join('')}</ul>`).join('');
}

function searchIndex(rendered: ReadonlyMap<string, Rendered>): object {
  const index = new MiniSearch({ fields: ['title', 'page', 'text'], storeFields: ['title', 'page', 'url'] });
  for (const [path, { title: page, sections }] of rendered) {
    index.addAll(
      sections.map(({ title, anchor, text }) => {
        const url = `${pageFile(path)}#${anchor}`;
        return { id: url, url, title, page, text };
      }),
    );
  }
  return index.toJSON();
}
