/** The console where tokens are asked for, and where the agent goes away and comes back. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { accessibilityFaults, hasBrowser, launch, openPage, type Watched } from './browser.ts';
import { type BusyAgent, busyAgent } from './busy-agent.ts';

const READ = 'a-token-for-reading-only';
const CONTROL = 'a-token-for-everything';
/** What the browser itself writes when an answer is 401, or when nothing answers. */
const EXPECTED = /Failed to load resource|net::ERR_/;

describe.skipIf(!hasBrowser)('the console and who may use it', () => {
  let browser: Browser;
  let busy: BusyAgent;

  beforeAll(async () => {
    const tokens = [
      { name: 'grafana', role: 'read', token: READ },
      { name: 'on-call', role: 'control', token: CONTROL },
    ];
    [browser, busy] = await Promise.all([
      launch(),
      busyAgent(
        { rates: { 'orders.log': 200 } },
        { headers: { authorization: `Bearer ${CONTROL}` }, server: { auth: { tokens } } },
      ),
    ]);
  });
  afterAll(async () => {
    await browser?.close();
    await busy?.[Symbol.asyncDispose]();
  });

  async function open(hash = ''): Promise<Watched> {
    const watched = await openPage(browser, busy.origin, {}, EXPECTED);
    onTestFinished(() => watched.page.context().close());
    await watched.page.goto(`${busy.origin}/${hash}`);
    return watched;
  }

  async function signIn({ page }: Watched, token: string): Promise<void> {
    await page.getByLabel('Token').fill(token);
    await page.getByRole('button', { name: 'Sign in' }).click();
  }

  test('without a token there is only the form, and a wrong one is refused', async () => {
    const watched = await open();
    await watched.page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(await accessibilityFaults(watched.page)).toEqual([]);
    await signIn(watched, 'not-a-token-at-all-x');
    await watched.page.getByText('The agent does not know this token.').waitFor();
    expect(watched.faults).toEqual([]);
  });

  test('a read token sees everything and changes nothing', async () => {
    const watched = await open('#/tracing');
    await signIn(watched, READ);
    await watched.page.getByText('you see everything and change nothing').waitFor();
    await watched.page.getByText('grafana, read').waitFor();
    expect(await watched.page.getByLabel('full-e2e').isDisabled()).toBe(true);
    expect(await watched.page.getByRole('button', { name: /Trace for/ }).isDisabled()).toBe(true);
    await watched.page
      .getByText(/Ask for one with the role control/)
      .first()
      .waitFor();
    expect(await accessibilityFaults(watched.page)).toEqual([]);
    expect(watched.faults).toEqual([]);
  });

  test('a control token steers, stays for the tab, and is named in the list of changes', async () => {
    const watched = await open('#/tracing');
    const { page } = watched;
    await signIn(watched, CONTROL);
    await page.getByLabel('system-only').click();
    await page.getByText('Mode hybrid → system-only').waitFor();
    await page.getByRole('cell', { name: 'on-call' }).first().waitFor();
    await page.reload();
    await page.getByText('on-call, control').waitFor();
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.getByText('Mode system-only → hybrid').waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(await page.evaluate('JSON.stringify(sessionStorage)')).not.toContain(CONTROL);
    expect(watched.faults).toEqual([]);
  });

  test('an agent that goes away is said to be away, and is there again when it is back', async () => {
    const watched = await open('#/pipeline');
    const { page } = watched;
    await signIn(watched, CONTROL);
    await page.getByText('Live', { exact: true }).waitFor();
    await page.locator('[data-node="source:orders"]').waitFor();
    await busy.agent.stop('SIGKILL');
    await page.getByText(/No connection to the agent since/).waitFor();
    // What was there stays, without its colour.
    expect(await page.locator('.graph.stale [data-node="source:orders"]').count()).toBe(1);
    expect(await accessibilityFaults(page)).toEqual([]);
    await busy.agent.start();
    await page
      .getByRole('button', { name: 'Try now' })
      .click()
      .catch(() => {});
    await page.getByText(/The agent began again at/).waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    await page.locator('.graph:not(.stale)').waitFor();
    expect(watched.faults).toEqual([]);
  });
});
