import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../../component/fake-clock.ts';
import type { Logger } from '../../component/logger.ts';
import { Random } from './random.ts';
import { TICK_MS, Traffic } from './traffic.ts';

let folder: string;
let clock: FakeClock;
let stop: AbortController;
let warnings: string[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'demo-traffic-'));
  clock = new FakeClock({ epoch: Date.parse('2026-11-22T18:00:00Z') });
  stop = new AbortController();
  warnings = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const log = { warn: (_: object, message: string) => warnings.push(message) } as unknown as Logger;

const FILES = ['nginx/access.log', 'shop/app.log', 'worker/worker.log'];

async function linesOnDisk(): Promise<string[]> {
  const texts = await Promise.all(FILES.map((name) => readFile(join(folder, name), 'utf8').catch(() => '')));
  return texts.flatMap((text) => text.split('\n').slice(0, -1));
}

/** Lets the traffic run for so many ticks; between them it finishes its writes. */
async function run(options: { rate: number; ticks: number; backlog?: () => number; tickMs?: number }) {
  const traffic = new Traffic({
    folder,
    rate: options.rate,
    random: new Random(1),
    clock,
    log,
    backlog: options.backlog ?? (() => 0),
  });
  const running = traffic.run(stop.signal);
  for (let tick = 0; tick < options.ticks; tick++) {
    await clock.waiting();
    await clock.advance(options.tickMs ?? TICK_MS);
  }
  await clock.waiting();
  stop.abort();
  await running;
  return traffic;
}

test('writes as many lines a second as configured, spread over all three files', async () => {
  const traffic = await run({ rate: 1000, ticks: 10 });
  const lines = await linesOnDisk();
  expect(lines.length).toBeGreaterThanOrEqual(1000 - 1);
  expect(lines.length).toBeLessThan(1000 + 10);
  expect(traffic.status()).toEqual({ lines_written: lines.length, write_errors: 0 });
  for (const name of FILES) expect((await readFile(join(folder, name), 'utf8')).length).toBeGreaterThan(0);
});

test('rates below one line a tick add up', async () => {
  await run({ rate: 2.5, ticks: 12 });
  expect(await linesOnDisk()).toHaveLength(3);
});

test('a rate of 0 writes nothing', async () => {
  await run({ rate: 0, ticks: 10 });
  expect(await linesOnDisk()).toEqual([]);
});

test('a standstill is not caught up with beyond a second', async () => {
  await run({ rate: 100, ticks: 1, tickMs: 3_600_000 });
  expect((await linesOnDisk()).length).toBeLessThan(110);
});

test('times in a file never go back and lie inside the tick', async () => {
  await run({ rate: 50_000, ticks: 2 });
  const text = await readFile(join(folder, 'worker/worker.log'), 'utf8');
  const times = text.match(/^[\d-]+ [\d:.]+/gm)!;
  expect(times).toEqual(times.toSorted());
  expect(times[0]! >= '2026-11-22 18:00:00.000').toBe(true);
  expect(times.at(-1)! < '2026-11-22 18:00:00.200').toBe(true);
});

test('pauses while the reader is far behind, and does not make up for it', async () => {
  let behind = Number.POSITIVE_INFINITY;
  let asked = 0;
  const backlog = () => {
    asked += 1;
    if (asked === 5) behind = 0;
    return behind;
  };
  await run({ rate: 1000, ticks: 6, backlog });
  expect((await linesOnDisk()).length).toBeGreaterThanOrEqual(200);
  expect((await linesOnDisk()).length).toBeLessThan(210);
});

test('a failed write is counted, warned of once, and writing goes on', async () => {
  await mkdir(folder, { recursive: true });
  for (const name of FILES) await writeFile(join(folder, name.split('/')[0]!), 'in the way');
  const traffic = await run({ rate: 1000, ticks: 3 });
  expect(traffic.status()).toEqual({ lines_written: 0, write_errors: 3 });
  expect(warnings).toHaveLength(1);
});
