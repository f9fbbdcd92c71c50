/** One page of the documentation: from Markdown to HTML, its title, headings and the texts of its sections. Writes nothing. */
import { posix } from 'node:path';
import { Marked, type Token, type Tokens } from 'marked';
import { freshAnchor } from './anchors.ts';

export interface Heading {
  readonly depth: number;
  readonly text: string;
  readonly anchor: string;
}

/** What the search finds. */
export interface Section {
  readonly title: string;
  readonly anchor: string;
  readonly text: string;
}

export interface Rendered {
  readonly title: string;
  readonly html: string;
  readonly headings: readonly Heading[];
  readonly sections: readonly Section[];
  /** Links to other pages and their anchors, as written. */
  readonly links: readonly string[];
}

/**
 * @param path of the page, below docs, such as reference/api.md.
 * @param outside where a path of the repository that is no page leads, such as src/registry.ts; undefined: nowhere.
 */
export function render(
  path: string,
  markdown: string,
  outside: (path: string) => string | undefined,
): Rendered {
  const anchors = new Set<string>();
  const headings: Heading[] = [];
  const sections: { title: string; anchor: string; text: string }[] = [];
  const links: string[] = [];
  const marked = new Marked({ gfm: true });
  const tokens = marked.lexer(markdown.replace(/^<!--.*?-->\n/s, ''));
  for (const token of tokens) {
    if (token.type === 'heading') {
      const { depth, tokens: inner, text } = token as Tokens.Heading;
      const anchor = freshAnchor(text, anchors);
      anchors.add(anchor);
      headings.push({ depth, text: plain(inner), anchor });
      sections.push({ title: plain(inner), anchor, text: '' });
    } else if (sections.length > 0) {
      sections.at(-1)!.text += `${plain([token])} `;
    }
  }
  let next = 0;
  marked.use({
    renderer: {
      heading({ tokens: inner, depth }) {
        const { anchor } = headings[next++]!;
        const html = this.parser.parseInline(inner);
        const link =
          depth === 1 ? '' : `<a class="anchor" href="#${anchor}" aria-label="Link to this section">#</a>`;
        return `<h${depth} id="${anchor}">${html}${link}</h${depth}>\n`;
      },
      code({ text, lang = '' }) {
        const language = lang.split(' ')[0];
        return `<pre tabindex="0"${language === '' ? '' : ` data-language="${language}"`}><code>${escapeHtml(text)}</code></pre>\n`;
      },
      table(token) {
        const row = (cells: Tokens.TableCell[], tag: string) =>
          `<tr>${cells.map((cell) => `<${tag}>${this.parser.parseInline(cell.tokens)}</${tag}>`).join('')}</tr>`;
        const head = token.header.some(({ text }) => text !== '')
          ? `<thead>${row(token.header, 'th')}</thead>`
          : '';
        const body = token.rows.map((cells) => row(cells, 'td')).join('\n');
        return `<div class="table" tabindex="0"><table>${head}<tbody>${body}</tbody></table></div>\n`;
      },
      link({ href, tokens: inner }) {
        const html = this.parser.parseInline(inner);
        const target = targetOf(path, href, outside);
        if (target === undefined) return html;
        if (!/^[a-z]+:/.test(target)) links.push(target);
        return `<a href="${escapeHtml(target)}">${html}</a>`;
      },
      // What is hidden on GitHub prepares commands for the tests.
      html({ text }) {
        return text.startsWith('<!--') ? '' : text;
      },
      image({ href, text }) {
        return `<img src="${escapeHtml(href)}" alt="${escapeHtml(text)}">`;
      },
    },
  });
  return { title: headings[0]?.text ?? path, html: marked.parser(tokens), headings, sections, links };
}

/** A page becomes its HTML file; index pages those of their folders. */
export function pageFile(path: string): string {
  return path.replace(/(^|\/)README\.md$/, '$1index.md').replace(/\.md$/, '.html');
}

function targetOf(
  page: string,
  href: string,
  outside: (path: string) => string | undefined,
): string | undefined {
  if (/^[a-z]+:/.test(href) || href.startsWith('#')) return href;
  const [file, anchor] = href.split('#') as [string, string?];
  const whole = posix.normalize(posix.join('docs', posix.dirname(page), file));
  if (whole.startsWith('docs/') && whole.endsWith('.md')) {
    return `${pageFile(file)}${anchor === undefined ? '' : `#${anchor}`}`;
  }
  return outside(whole);
}

function plain(tokens: readonly Token[]): string {
  return tokens
    .map((token): string => {
      if (token.type === 'table') {
        const { header, rows } = token as Tokens.Table;
        return [header, ...rows].map((cells) => cells.map((cell) => plain(cell.tokens)).join(' ')).join(' ');
      }
      if (token.type === 'list')
        return (token as Tokens.List).items.map((item) => plain(item.tokens)).join(' ');
      if (token.type === 'html') return ' ';
      const inner = (token as { tokens?: Token[] }).tokens;
      return inner === undefined ? ((token as { text?: string }).text ?? ' ') : plain(inner);
    })
    .join('')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&#39;/g, "'")
    .replace(/&amp;/g, '&');
}

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
