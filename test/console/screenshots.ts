/**
 * Pictures of every page with real data, in light, dark and on a phone, to be looked at: `node test/console/screenshots.ts
 * FOLDER
 * [light|dark|tablet|phone|phone-dark…]`. Starts an agent under load of which one sink fails and one refuses logs, so that there is something to see.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { until } from '../fixtures/agent.ts';
import { launch } from './browser.ts';
import { type BusyAgent, busyAgent, EasyLoki } from './busy-agent.ts';

const SECONDS_OF_HISTORY = Number(process.env.SECONDS ?? 60);
const DESKTOP = { width: 1440, height: 1000 };
const PHONE = { width: 390, height: 844 };
const RATES = { 'nginx-a.log': 14_000, 'nginx-b.log': 9000, 'checkout.log': 6000, 'orders.log': 700 };

const LOOKS: readonly Look[] = [
  { name: 'light', colorScheme: 'light', viewport: DESKTOP },
  { name: 'dark', colorScheme: 'dark', viewport: DESKTOP },
  { name: 'tablet', colorScheme: 'light', viewport: { width: 1000, height: 1000 } },
  { name: 'phone', colorScheme: 'light', viewport: PHONE },
  { name: 'phone-dark', colorScheme: 'dark', viewport: PHONE },
];

const [folder = 'console-pictures', ...wanted] = process.argv.slice(2);
await mkdir(folder, { recursive: true });
await using agent = await start();
const browser = await launch();
try {
  await history(agent);
  for (const look of LOOKS)
    if (wanted.length === 0 || wanted.includes(look.name)) await shoot(browser, agent, look);
} finally {
  await browser.close();
  agent.second.stop();
}

/** With a second Loki, for the logs of one source. */
interface Scene extends BusyAgent {
  readonly second: EasyLoki;
}

async function start(): Promise<Scene> {
  const second = await EasyLoki.start();
  const busy = await busyAgent(
    { rates: RATES },
    {
      tracing: {
        mode: 'hybrid',
        log_tracing_rate: 0.001,
        adaptive_sampling: {
          enabled: true,
          latency_threshold: '500ms',
          window_size: '10s',
          check_interval: '1s',
          sample_rate: 0.01,
        },
        tail: { slow: '2s' },
      },
      console: { trace_url: 'https://tempo.example/trace/{trace_id}' },
    },
    (base) => [...base, { id: 'audit', type: 'loki', url: second.url, sources: ['orders'] }],
  );
  busy.loki.failEvery = 40;
  return Object.assign(busy, { second });
}

/** Lets time go by, with a slow spell in it, a rule, and a few changes. */
async function history({ agent: { port }, loki, second }: Scene): Promise<void> {
  const ask = (method: string, path: string, body: object) =>
    fetch(`http://127.0.0.1:${port}/api/tracing/${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const pause = (share: number) =>
    new Promise((resolve) => setTimeout(resolve, SECONDS_OF_HISTORY * 1000 * share));
  loki.delayMs = 40;
  second.delayMs = 20;
  await pause(0.3);
  await ask('PUT', 'mode', { mode: 'system-only' });
  await pause(0.05);
  await ask('PUT', 'mode', { mode: 'hybrid' });
  loki.delayMs = 900;
  await pause(0.2);
  loki.delayMs = 60;
  await ask('POST', 'enable', { source_id: 'checkout', rate: 0.02, duration: '10m', note: 'slow carts' });
  await ask('POST', 'enable', {
    source_id: 'orders',
    rate: 1,
    duration: '30m',
    max_traces: 500_000,
    where: { level: 'error' },
  });
  await pause(0.3);
  loki.delayMs = 750;
  await ask('POST', 'enable', {
    source_id: 'nginx',
    rate: 0,
    duration: '2h',
    note: 'too noisy while carts are looked at',
  });
  await pause(0.15);
}

interface Look {
  readonly name: string;
  readonly colorScheme: 'light' | 'dark';
  readonly viewport: { readonly width: number; readonly height: number };
}

async function shoot(chromium: Browser, busy: Scene, { name, colorScheme, viewport }: Look): Promise<void> {
  const context = await chromium.newContext({
    viewport,
    colorScheme,
    deviceScaleFactor: name.startsWith('phone') ? 2 : 1,
  });
  const page = await context.newPage();
  page.on('pageerror', (error) => console.error(error));
  const picture = (what: string, fullPage = false) =>
    page.screenshot({ path: join(folder, `${what}-${name}.png`), fullPage });
  const show = (hash: string) => page.goto(`${busy.origin}/${hash}`);
  await show('#/pipeline');
  await page.getByText('Balanced').waitFor();
  await page.waitForTimeout(4500);
  await picture('pipeline', true);
  // A sink that is down holds up what cannot be held in memory, so only for as long as it is looked at.
  busy.second.down = true;
  await page.getByText('Breaker open').waitFor();
  await page.waitForTimeout(2500);
  await picture('pipeline-down', true);
  await show('#/pipeline?open=sink:audit');
  await page.waitForTimeout(2500);
  await picture('sink');
  busy.second.down = false;
  await busy.agent.statusWhen(({ sinks }) => sinks.every(({ breaker }) => breaker.state === 'closed'));
  await show('#/tracing');
  await page.waitForTimeout(3500);
  await page.getByRole('combobox', { name: /Source/ }).fill('nginx');
  await page.waitForTimeout(1200);
  await picture('tracing', true);
  await show('#/traces');
  await page.locator('[data-trace]').first().waitFor();
  await openRetried(page, busy);
  await picture('traces');
  await page.keyboard.press('b');
  await page.waitForTimeout(500);
  await picture('batch');
  await show('#/where?text=502');
  await page.locator('[data-verdict]').first().waitFor();
  await picture('where');
  await show('#/where');
  await page.waitForTimeout(300);
  await picture('where-empty');
  await show('#/tail');
  await page.locator('.tail-row').nth(30).waitFor();
  await page.waitForTimeout(1500);
  await picture('tail');
  await show('#/config');
  await page.getByText('What runs').waitFor();
  await picture('config');
  await context.close();
}

/** A trace of a log whose batch was refused at first, if there is one: it tells the most. */
async function openRetried(page: Page, { agent: { port } }: BusyAgent): Promise<void> {
  const get = async <T>(path: string) => (await (await fetch(`http://127.0.0.1:${port}${path}`)).json()) as T;
  type List = { traces: { trace_id: string }[] };
  const failed = await get<List>('/api/traces?limit=1&reason=tail_failed');
  const id = (failed.traces[0] ?? (await get<List>('/api/traces?limit=1')).traces[0])?.trace_id;
  await page.evaluate(`location.hash = '#/traces?id=${id}'`);
  await until(async () => (await page.locator('[data-detail]').count()) > 0);
  await page.waitForTimeout(1500);
}
