/** The documentation as a site: complete, without dead links, and working in a browser under a strict policy. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { assets, site } from '../../docs/site/site.ts';
import { accessibilityFaults, hasBrowser, launch, openPage } from '../console/browser.ts';

const files = new Map([...site(), ...assets()]);

describe('the site', () => {
  test('refuses a dead link, to a page or to an anchor', () => {
    const pages = new Map([['README.md', '# A\n[x](b.md) [y](#nowhere) [z](#a)\n']]);
    expect(() => site({ pages })).toThrow('dead links:\nREADME.md: b.html\nREADME.md: #nowhere');
  });

  test('leads to files of the repository when it knows where they are', () => {
    const pages = new Map([['reference/x.md', '# A\n[x](../../src/registry.ts)\n']]);
    const [plain] = site({ pages }).values();
    expect(plain).toContain('<p>x</p>');
    const [linked] = site({ pages, repository: 'https://example.com/main' }).values();
    expect(linked).toContain('href="https://example.com/main/src/registry.ts"');
  });

  test('shows what pages say, not what it means to a browser', () => {
    const pages = new Map([['README.md', '# A `<b>`\n```html\n<script>x</script>\n```\n']]);
    const [page] = site({ pages }).values();
    expect(page).toContain('&lt;script&gt;x&lt;/script&gt;');
    expect(page).toContain('<h1 id="a-b">A <code>&lt;b&gt;</code></h1>');
  });

  test('leaves out what is hidden', () => {
    const pages = new Map([
      ['README.md', '# A\n\n- b\n\n  <!--\n  ```sh\n  secret\n\n  secret\n  ```\n  -->\n\n  c\n'],
    ]);
    for (const content of site({ pages }).values()) expect(content).not.toContain('secret');
  });

  test('every file that a page loads is there', () => {
    for (const [path, content] of files) {
      if (!path.endsWith('.html')) continue;
      for (const [, target] of String(content).matchAll(/(?:src|<link rel="\w+" href)="([^":]+)"/g)) {
        const whole = new URL(target!, `http://x/${path}`).pathname.slice(1);
        expect(files.has(whole), `${path}: ${target}`).toBe(true);
      }
    }
  });
});

describe.runIf(hasBrowser)('in a browser', () => {
  const types: Readonly<Record<string, string>> = {
    '.html': 'text/html',
    '.css': 'text/css',
    '.js': 'text/javascript',
    '.json': 'application/json',
    '.svg': 'image/svg+xml',
    '.png': 'image/png',
  };
  const server = createServer((request, response) => {
    const path = decodeURI(request.url!.slice(1).split('?')[0]!) || 'index.html';
    const content = files.get(path);
    response.writeHead(content === undefined ? 404 : 200, { 'content-type': types[extname(path)] ?? '' });
    response.end(content);
  });
  let browser: Browser;
  let origin: string;

  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    browser = await launch();
  });

  afterAll(async () => {
    await browser.close();
    server.close();
  });

  test('the search finds a section, and Enter goes there', async () => {
    const { page, faults } = await openPage(browser, origin);
    await page.goto(`${origin}/reference/metrics.html`);
    await page.keyboard.press('/');
    await page.keyboard.type('adaptive sampl');
    await page.getByRole('option').first().waitFor();
    expect(await page.getByRole('option').first().textContent()).toContain('Adaptive sampling');
    await page.keyboard.press('Enter');
    await page.waitForURL(/#adaptive-sampling$/);
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Tracing guide');
    expect(faults).toEqual([]);
  });

  test('the navigation marks the page, and leads on', async () => {
    const { page, faults } = await openPage(browser, origin);
    await page.goto(`${origin}/architecture.html`);
    expect(await page.locator('[aria-current=page]').textContent()).toBe('Architecture');
    await page.getByRole('navigation', { name: 'Pages' }).getByText('Metrics', { exact: true }).click();
    await page.waitForURL(/reference\/metrics\.html$/);
    expect(faults).toEqual([]);
  });

  test.each(['light', 'dark'] as const)(
    'nothing is in the way of assistive technology (%s)',
    async (colorScheme) => {
      const { page } = await openPage(browser, origin, { colorScheme });
      await page.goto(`${origin}/architecture.html`);
      expect(await accessibilityFaults(page)).toEqual([]);
    },
  );
});
