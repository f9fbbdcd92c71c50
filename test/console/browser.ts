/**
 * Chromium for tests of the console: Debian's, without a screen. Every page watches for what must never happen: an error
 * in the browser's console, an exception, a refusal by the Content-Security-Policy, a request to another host.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium';
/** From the dependencies' notes: no sandbox in containers, nothing that speaks to the network by itself. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** In CI a browser must be there: then a missing one fails the tests instead of skipping them. */
export const hasBrowser = existsSync(EXECUTABLE) || process.env.CI !== undefined;

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: EXECUTABLE, args: ARGUMENTS });
}

export interface Watched {
  readonly page: Page;
  /** What must not have happened, in words. */
  readonly faults: readonly string[];
}

/**
 * @param origin of the agent: other hosts are faults.
 * @param expected Messages of the browser's console that this test brings about itself.
 */
export async function openPage(
  browser: Browser,
  origin: string,
  options: BrowserContextOptions = {},
  expected: RegExp = /^$/,
): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 1000 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(`exception: ${error.stack ?? error.message}`));
  page.on('console', (message) => {
    const text = `${message.text()} ${message.location().url}`;
    if (['error', 'warning'].includes(message.type()) && !expected.test(text))
      faults.push(`console: ${text}`);
  });
  page.on('request', (request) => {
    const { url } = { url: request.url() };
    if (!url.startsWith(origin) && !url.startsWith('blob:')) faults.push(`request to another host: ${url}`);
  });
  return { page, faults };
}

const AXE = join(import.meta.dirname, '..', '..', 'node_modules', 'axe-core', 'axe.min.js');

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly impact: string;
    readonly help: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
  }[];
}

/** Findings of axe-core against WCAG 2.2 AA, in words. The page's policy lets the script in only past the browser's guard. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  await page.evaluate(await axeSource());
  const { violations } = (await page.evaluate(
    'axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] })',
  )) as AxeResult;
  return violations.map(({ id, impact, help, nodes }) => {
    const [first] = nodes;
    return `${impact} ${id}, ${nodes.length} times: ${help}\n  ${first?.html.slice(0, 300)}\n  ${first?.failureSummary}`;
  });
}

let source: Promise<string> | undefined;
function axeSource(): Promise<string> {
  source ??= import('node:fs/promises').then(({ readFile }) => readFile(AXE, 'utf8'));
  return source;
}
