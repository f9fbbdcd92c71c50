/**
 * The console in a real browser against the real agent under load: every page, steering, and what must never happen
 * (errors, requests to other hosts, refusals of the policy, serious findings of axe-core).
 */
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../fixtures/agent.ts';
import { accessibilityFaults, hasBrowser, launch, openPage, type Watched } from './browser.ts';
import { type BusyAgent, busyAgent } from './busy-agent.ts';

const LINES_PER_SECOND = 50_000;
const NOTHING = /^$/;
const RATES = { 'nginx-a.log': 0.6, 'nginx-b.log': 0.2, 'checkout.log': 0.18, 'orders.log': 0.02 };

describe.skipIf(!hasBrowser)('the console in Chromium', () => {
  let browser: Browser;
  let busy: BusyAgent;
  let watched: Watched;
  let page: Page;
  /** What the browser itself writes of answers that a test brings about. */
  let expected = NOTHING;

  beforeAll(async () => {
    const rates = Object.fromEntries(
      Object.entries(RATES).map(([file, part]) => [file, part * LINES_PER_SECOND]),
    );
    const tracing = {
      mode: 'hybrid',
      log_tracing_rate: 0.001,
      adaptive_sampling: { enabled: true, latency_threshold: '2s', check_interval: '1s' },
    };
    [browser, busy] = await Promise.all([launch(), busyAgent({ rates }, { tracing })]);
    busy.loki.failEvery = 15;
  });
  afterAll(async () => {
    await browser?.close();
    await busy?.[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    watched = await openPage(browser, busy.origin);
    page = watched.page;
  });
  afterEach(async () => {
    await page.context().close();
    expect(watched.faults.filter((fault) => !expected.test(fault))).toEqual([]);
    expected = NOTHING;
  });

  const show = (hash: string) => page.goto(`${busy.origin}/${hash}`);
  const api = async <T>(path: string): Promise<T> => (await (await busy.agent.get(path)).json()) as T;

  test('the pipeline shows every source and sink with its rate, and the ledger of the API', async () => {
    await show('#/pipeline');
    await page.getByText('Balanced, difference 0').waitFor();
    for (const id of [
      'source:nginx',
      'source:checkout',
      'source:orders',
      'sink:loki',
      'sink:archive',
      'sink:metrics',
    ]) {
      const figure = page.locator(`[data-node="${id}"] .rate`);
      await until(
        async () => /[1-9]/.test((await figure.textContent()) ?? ''),
        () => `${id} shows no rate`,
      );
    }
    await page.getByText('parse_json').first().waitFor();
    const text = (await page.locator('.ledger tfoot td').nth(1).textContent()) ?? '';
    const shown = Number(text.replaceAll(',', ''));
    const { sources } = await busy.agent.status();
    const read = sources.reduce((sum, { ledger }) => sum + ledger.read, 0);
    expect(shown).toBeGreaterThan(0);
    expect(shown).toBeLessThanOrEqual(read);
    expect(await accessibilityFaults(page)).toEqual([]);
  });

  test('a sink opens with its history and closes by a key', async () => {
    await show('#/pipeline');
    await page.locator('[data-node="sink:loki"]').click();
    const drawer = page.getByRole('dialog', { name: 'Sink loki' });
    await drawer.getByText('Ledger of this sink').waitFor();
    await drawer.locator('canvas').first().waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await drawer.waitFor({ state: 'detached' });
    // The drawer is taken away before the focus goes back.
    await page.waitForFunction("document.activeElement?.dataset.node === 'sink:loki'");
  });

  test('the mode is switched, in the agent, and back', async () => {
    await show('#/tracing');
    await page.getByLabel('full-e2e').click();
    await until(async () => (await api<{ mode: string }>('/api/tracing/status')).mode === 'full-e2e');
    await expectChecked(page, 'full-e2e');
    await page.getByText('the file says').waitFor();
    await page.getByText('Mode hybrid → full-e2e').waitFor();
    await page.getByRole('button', { name: 'Clear' }).click();
    await until(async () => (await api<{ mode: string }>('/api/tracing/status')).mode === 'hybrid');
    await expectChecked(page, 'hybrid');
    expect(await accessibilityFaults(page)).toEqual([]);
  });

  test('the base rate is set by a step', async () => {
    await show('#/tracing');
    await page.getByRole('slider', { name: 'Base rate' }).focus();
    await page.keyboard.press('ArrowRight');
    await until(
      async () => (await api<{ log_tracing_rate: number }>('/api/tracing/status')).log_tracing_rate === 0.01,
    );
    await page.getByText('the file says 0.1 %').waitFor();
    await page.locator('.base-other').getByRole('button', { name: 'Clear' }).click();
    await until(
      async () => (await api<{ log_tracing_rate: number }>('/api/tracing/status')).log_tracing_rate === 0.001,
    );
  });

  test('a rule is suggested, priced, set, seen, ended and had back', async () => {
    await show('#/tracing');
    await page.getByRole('combobox', { name: /Source/ }).fill('check');
    await page.getByRole('option', { name: /^checkout/ }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page
      .getByText(/≈ .*spans\/s/)
      .last()
      .waitFor();
    await page.getByLabel('Reason').fill('OPS-481');
    await page.getByRole('button', { name: 'Trace for 10 min' }).click();
    const row = page.getByRole('row', { name: /checkout/ }).first();
    await row.getByText('OPS-481').waitFor();
    await row.getByText(/9 min \d+ s/).waitFor();
    const rules = async () =>
      (await api<{ on_demand_rules: { source_id: string }[] }>('/api/tracing/status')).on_demand_rules;
    expect((await rules()).map(({ source_id }) => source_id)).toEqual(['checkout']);
    await page.getByRole('button', { name: 'End rule for checkout' }).click();
    await page.getByRole('button', { name: 'Undo' }).click();
    await until(async () => (await rules()).length === 1);
    await page.getByRole('button', { name: 'End rule for checkout' }).click();
    await until(async () => (await rules()).length === 0);
    await page.getByText('Rule checkout ended').first().waitFor();
  });

  test('the list of sources does not move what is below it when it closes', async () => {
    await show('#/tracing');
    await page.getByRole('combobox', { name: /Source/ }).fill('check');
    await page.getByRole('option', { name: /^checkout/ }).waitFor();
    // Below the field, however far the page is scrolled.
    const below = async () =>
      (await page.getByLabel('Reason').boundingBox())!.y -
      (await page.getByRole('combobox', { name: /Source/ }).boundingBox())!.y;
    const before = await below();
    await page.getByLabel('Reason').focus();
    await page.getByRole('option', { name: /^checkout/ }).waitFor({ state: 'hidden' });
    expect(await below()).toBe(before);
  });

  test('what the API refuses stands under its field, in its words', async () => {
    await show('#/tracing');
    await page.getByRole('combobox', { name: /Source/ }).fill('checkout');
    await page.getByLabel('Stop after').fill('-5');
    expected = /status of 400/;
    await page.getByRole('button', { name: 'Trace for 10 min' }).click();
    await page.locator('.field:has(#rule-traces) .fault').waitFor();
    expect(await page.getByLabel('Stop after').getAttribute('aria-invalid')).toBe('true');
  });

  test('a trace is found, and its waterfall has the figures of the API', async () => {
    await show('#/traces');
    // Paused before the first answer, the page would wait for none.
    await page.locator('[data-trace]').first().waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    // An answer that was under way when it was paused may still put newer ones in front.
    const id = await page.locator('[data-trace]').first().getAttribute('data-trace');
    await page.locator(`[data-trace="${id}"]`).click();
    await page.locator(`[data-detail="${id}"]`).waitFor();
    type Answer = { traces: { spans: { name: string; duration_ms: number }[] }[] };
    const { traces } = await api<Answer>(`/api/traces/${id}`);
    const shown = (await page
      .locator('[data-took]:not(.of-batch)')
      .evaluateAll((rows) =>
        rows.map((row) => [row.getAttribute('data-span'), Number(row.getAttribute('data-took'))]),
      )) as [string, number][];
    for (const { name, duration_ms } of traces[0]!.spans) expect(shown).toContainEqual([name, duration_ms]);
    await page.keyboard.press('b');
    await page.getByRole('heading', { name: /^A batch of/ }).waitFor();
    await page.getByRole('button', { name: /dispatcher.process_batch/ }).waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.keyboard.press('b');
    await page.getByRole('heading', { name: /^(Delivered|A processor|Rejected)/ }).waitFor();
    await page.keyboard.press('j');
    await until(async () => (await page.locator('[data-detail]').getAttribute('data-detail')) !== id);
  });

  test('filters are in the address, and narrow the list', async () => {
    await show('#/traces?source=checkout');
    await page.locator('[data-trace]').first().waitFor();
    const sources = await page.locator('.trace-list .facts-line .mid').allTextContents();
    expect(new Set(sources)).toEqual(new Set(['checkout']));
    await page.getByLabel('Of').selectOption('system');
    await until(() => page.url().includes('type=system'));
  });

  test('a line just written is found, with its way and every sink', async () => {
    const token = `needle-${process.pid}`;
    await appendFile(join(busy.logs, 'orders.log'), `{"level":"info","msg":"${token}"}\n`);
    await show('#/pipeline');
    await page.keyboard.press('/');
    await page.keyboard.type(token);
    await page.keyboard.press('Enter');
    const card = page.locator('[data-verdict]');
    await until(async () => {
      if ((await card.count()) > 0 && (await card.first().getAttribute('data-verdict')) === 'delivered')
        return true;
      await page.getByRole('button', { name: 'Find' }).click();
      await page.waitForTimeout(300);
      return false;
    });
    for (const sink of ['archive', 'loki', 'metrics']) {
      expect(await card.locator('.fork').getByText(sink, { exact: true }).count()).toBe(1);
    }
    await card.getByText('Read', { exact: false }).first().waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.getByRole('link', { name: /^Where/ }).click();
    await page.getByText('One of seven answers').waitFor();
  });

  test('lines are shown as they pass, held by a key, and lead to a rule', async () => {
    await show('#/tail');
    const lines = page.locator('.tail-row');
    await lines.nth(20).waitFor();
    await page.keyboard.press('Space');
    await page.getByRole('button', { name: 'Go on' }).waitFor();
    const before = await lines.first().textContent();
    await page.waitForTimeout(1100);
    expect(await lines.first().textContent()).toBe(before);
    await lines.first().getByRole('button').first().click();
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.getByRole('link', { name: /^Trace / }).click();
    await page.getByRole('combobox', { name: /Source/ }).waitFor();
    expect(await page.getByRole('combobox', { name: /Source/ }).inputValue()).toContain('.log');
  });

  test('the configuration is shown, read again, and its change told apart', async () => {
    await show('#/config');
    await page.getByText('What runs').waitFor();
    await page.getByText('log_tracing_rate:').waitFor();
    await page.getByRole('button', { name: 'Read again' }).click();
    await page.getByText(/nothing in it had changed/).waitFor();
    const file = join(busy.agent.dir, 'config.yaml');
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace('latency_threshold: 2s', 'latency_threshold: 3s'));
    await page.locator('.config-text .added').getByText('latency_threshold: 3s').waitFor();
    await page.locator('.config-text .removed').getByText('latency_threshold: 2s').waitFor();
    await page.getByText('tracing.adaptive_sampling.latency_threshold').waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
  });

  test('keys lead to every page, and rest in fields', async () => {
    await show('');
    await page.getByRole('heading', { name: 'Pipeline' }).waitFor();
    const titles = ['Pipeline', 'Tracing', 'Traces', 'Where is my line', 'Live tail', 'Config'];
    for (const [index, title] of titles.entries()) {
      if (index === 4) await page.keyboard.press('Escape');
      await page.keyboard.press(String(index + 1));
      await page.getByRole('heading', { name: title, level: 1 }).waitFor();
    }
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('/');
    await page.keyboard.type('1');
    await page.getByRole('heading', { name: 'Config', level: 1 }).waitFor();
  });

  test('on a phone every page fits its width and stays within reach', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    for (const hash of ['pipeline', 'tracing', 'traces', 'where', 'tail', 'config']) {
      await show(`#/${hash}`);
      await page.locator('.rail [aria-current="page"]').waitFor();
      await page.waitForTimeout(200);
      const width = await page.evaluate('document.documentElement.scrollWidth');
      expect([hash, width]).toEqual([hash, 390]);
    }
    expect(await accessibilityFaults(page)).toEqual([]);
  });

  test('in the dark nothing loses its contrast', async () => {
    await page.emulateMedia({ colorScheme: 'dark' });
    for (const hash of ['pipeline', 'tracing', 'traces']) {
      await show(`#/${hash}`);
      await page.waitForTimeout(1200);
      expect(await accessibilityFaults(page)).toEqual([]);
    }
  });
});

async function expectChecked(page: Page, mode: string): Promise<void> {
  await until(() => page.getByLabel(mode).isChecked());
}
