/** A sink that is down while many lines come, and then is up again: all arrive, in order, and memory stays flat. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AgentUnderTest } from '../fixtures/agent.ts';
import { LogClient } from '../fixtures/log-client.ts';
import { NumberedOracle, numberedLine, writeNumbered } from '../fixtures/numbered-lines.ts';
import { LokiStub } from '../stubs/loki.ts';

/** How many lines come while the sink is down; what is promised is 1,000,000, some 240 MB. */
const LINES = Number(process.env.E2E_OUTAGE_LINES ?? 20_000);
const PARTS = 10;
const LONG_MS = 900_000;
/** What memory may grow by after the first part, in bytes: less than a third of what a million lines would take. */
const SLACK_BYTES = 64 * 2 ** 20;

let agent: AgentUnderTest;
let loki: LokiStub;
let oracle: NumberedOracle;
let isUp: boolean;

beforeEach(async () => {
  agent = await AgentUnderTest.create();
  await mkdir(join(agent.dir, 'in'));
  oracle = new NumberedOracle(LINES);
  isUp = false;
  loki = await LokiStub.start({
    treat: () => (isUp ? 'normal' : { status: 503, text: 'overloaded' }),
    onEntry: ({ line, ns }) => oracle.receive(line, ns),
  });
});

afterEach(async () => {
  await agent[Symbol.asyncDispose]();
  await loki.stop();
});

async function residentBytes(): Promise<number> {
  const metrics = await (await agent.get('/metrics')).text();
  return Number(/^process_resident_memory_bytes (\S+)$/m.exec(metrics)![1]);
}

/** Has the lines sent part by part while the sink is down, then brings it up, and judges what arrived. */
async function endure(send: (from: number, to: number) => Promise<void>): Promise<void> {
  const resident: number[] = [];
  for (let part = 0; part < PARTS; part++) {
    await send((part * LINES) / PARTS, ((part + 1) * LINES) / PARTS);
    resident.push(await residentBytes());
  }
  expect(oracle.received).toBe(0);
  isUp = true;
  await agent.statusWhen(({ sinks }) => sinks[0]!.ledger.delivered >= LINES);
  resident.push(await residentBytes());
  expect(oracle.verdict()).toEqual({ received: LINES, missing: 0, duplicates: 0, damaged: 0, disordered: 0 });
  const { sources, sinks } = await agent.status();
  for (const { ledger } of [...sources, ...sinks]) {
    expect(ledger).toMatchObject({
      read: LINES,
      delivered: LINES,
      in_flight: 0,
      dropped: {},
      balanced: true,
    });
  }
  if (LINES >= 1_000_000) console.log(`resident, MiB: ${resident.map((bytes) => bytes >> 20).join(' ')}`);
  expect(Math.max(...resident) - resident[0]!).toBeLessThan(SLACK_BYTES);
  expect(await agent.stop()).toBe(0);
}

const limits = {
  dispatcher: {
    memory: '16MiB',
    batch_bytes: '256KiB',
    batch_size: 5000,
    batch_timeout: '20ms',
    retry: { initial: '50ms', max: '200ms' },
  },
  // What they remember of logs is bounded, too, and would take long to fill.
  tracing: { store: { memory: '1MiB' } },
  where: { memory: '1MiB' },
};

test(
  'of a file: reading waits',
  async () => {
    const source = { id: 'app', type: 'file', include: ['in/*.log'], poll_interval: '20ms' };
    await agent.configure({
      sources: [source],
      sinks: [{ id: 'loki', type: 'loki', url: loki.url }],
      ...limits,
    });
    await agent.start();
    await endure((from, to) => writeNumbered(join(agent.dir, 'in', 'x.log'), from, to));
  },
  LONG_MS,
);

test(
  'of a source that cannot be read again: they go to the disk buffer',
  async () => {
    await agent.configure({
      sources: [{ id: 'web', type: 'http', listen: '127.0.0.1:0' }],
      sinks: [{ id: 'loki', type: 'loki', url: loki.url, buffer: { max_bytes: '2GiB', fsync: 'interval' } }],
      ...limits,
    });
    await agent.start();
    const client = new LogClient(agent);
    await endure(async (from, to) => {
      for (let start = from; start < to; start += 1000) {
        const numbers = Array.from({ length: Math.min(1000, to - start) }, (_, k) => start + k);
        const { status } = await client.post(numbers.map((number) => `${numberedLine(number)}\n`).join(''));
        expect(status).toBe(200);
      }
    });
  },
  LONG_MS,
);
