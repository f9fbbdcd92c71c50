/** The HTML around a page: navigation, search, the headings of the page. No inline script or style: a strict policy allows none. */
import { escapeHtml, type Heading } from './render.ts';

const POLICY =
  "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'";

export interface Content {
  readonly title: string;
  readonly html: string;
  readonly headings: readonly Heading[];
  /** The way to the root of the site: "" or "../". */
  readonly root: string;
  /** Entries of the navigation, made for this page. */
  readonly navigation: string;
}

export function layout({ title, html, headings, root, navigation }: Content): string {
  const parts = headings.filter(({ depth }) => depth === 2);
  const toc =
    parts.length < 3
      ? ''
      : `<nav class="toc" aria-label="On this page"><p>On this page</p><ul>${parts
          .map(({ anchor, text }) => `<li><a href="#${anchor}">${escapeHtml(text)}</a></li>`)
          .join('')}</ul></nav>`;
  return `<!doctype html>
<html lang="en" data-root="${root}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)} · log-capturer</title>
<link rel="icon" href="${root}favicon.svg">
<link rel="stylesheet" href="${root}style.css">
<script type="module" src="${root}search.js"></script>
</head>
<body>
<a class="skip" href="#content">To the text</a>
<header>
<a class="brand" href="${root}index.html">log-capturer</a>
<div class="search" role="search">
<input type="search" placeholder="Search (press /)" aria-label="Search the documentation" autocomplete="off" role="combobox" aria-expanded="false" aria-controls="results">
<ul id="results" role="listbox" aria-label="Found" hidden></ul>
</div>
</header>
<div class="columns">
<nav class="pages" aria-label="Pages">${navigation}</nav>
<main id="content">${html}</main>
${toc}
</div>
</body>
</html>
`;
}
