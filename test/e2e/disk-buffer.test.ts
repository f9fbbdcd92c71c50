/** The disk buffer of a sink in the real agent: when the sink is down, the agent is killed, or the disk is full. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AgentUnderTest, until } from '../fixtures/agent.ts';
import { LogClient, numbers } from '../fixtures/log-client.ts';
import { LokiStub } from '../stubs/loki.ts';

/** Nothing listens on port 9 (discard) of a test machine. */
const DOWN = 'http://127.0.0.1:9';

let agent: AgentUnderTest;
let client: LogClient;
let loki: LokiStub | null;

beforeEach(async () => {
  agent = await AgentUnderTest.create();
  client = new LogClient(agent);
  loki = null;
});
afterEach(async () => {
  await agent[Symbol.asyncDispose]();
  await loki?.stop();
});

const web = { id: 'web', type: 'http', listen: '127.0.0.1:0', busy_timeout: '200ms' };
const dispatcher = {
  memory: '8MiB',
  batch_bytes: '256KiB',
  batch_size: 5000,
  batch_timeout: '20ms',
  retry: { initial: '50ms', max: '200ms' },
  shutdown_timeout: '1s',
};
const lokiSink = (url: string, buffer?: object) => ({
  id: 'loki',
  type: 'loki',
  url,
  timeout: '2s',
  ...(buffer && { buffer }),
});

const post: LogClient['post'] = (body, headers) => client.post(body, headers);
const sinkOf = async () => (await agent.status()).sinks[0]!;

describe('a sink that is down', () => {
  const buffer = { max_bytes: '64MiB' };

  test('logs are answered from the disk; after kill -9 and a restart all arrive, in order', async () => {
    await agent.configure({ sources: [web], sinks: [lokiSink(DOWN, buffer)], dispatcher });
    await agent.start();
    const COUNT = 60;
    for (let k = 0; k < COUNT; k++) {
      const lines = Array.from({ length: 50 }, (_, i) => `${k * 50 + i} ${'x'.repeat(100)}`);
      expect((await post(lines.join('\n'))).status).toBe(200);
    }
    const status = await agent.status();
    expect(status.sinks[0]).toMatchObject({ buffer: { records: COUNT * 50, full: false } });
    expect(status.sources[0]!.ledger).toMatchObject({ in_flight: COUNT * 50, balanced: true });
    // All but one that is read into, and the one that waits for logs.
    expect(status.dispatcher.slots_free).toBeGreaterThanOrEqual(status.dispatcher.slots - 3);
    await agent.stop('SIGKILL');

    loki = await LokiStub.start();
    await agent.configure({ sources: [web], sinks: [lokiSink(loki.url, buffer)], dispatcher });
    client.reconnect();
    await agent.start();
    expect((await post(`${COUNT * 50} new`)).status).toBe(200);
    const end = await agent.statusWhen(({ sources }) => sources[0]!.ledger.delivered > COUNT * 50);
    expect(numbers(loki.lines())).toEqual(Array.from({ length: COUNT * 50 + 1 }, (_, k) => k));
    expect(end.sources[0]!.ledger).toMatchObject({ read: COUNT * 50 + 1, in_flight: 0, balanced: true });
    expect(end.sinks[0]!.ledger).toMatchObject({ delivered: COUNT * 50 + 1, balanced: true });
    await until(async () => (await sinkOf()).buffer!.bytes === 0);
    await until(
      async () =>
        !(await readdir(join(agent.dir, 'state/buffer/loki'))).some((name) => name.endsWith('.buf')),
    );
  });

  test('a clean stop keeps what was not delivered, and is no failure', async () => {
    await agent.configure({ sources: [web], sinks: [lokiSink(DOWN, buffer)], dispatcher });
    await agent.start();
    await post('kept');
    expect(await agent.stop()).toBe(0);
    loki = await LokiStub.start();
    await agent.configure({ sources: [web], sinks: [lokiSink(loki.url)], dispatcher });
    await agent.start();
    await agent.statusWhen(({ sinks }) => sinks[0]!.ledger.delivered === 1);
    expect(loki.lines()).toEqual(['kept']);
  });

  test('it comes back: everything arrives in order while more is sent', async () => {
    loki = await LokiStub.start();
    loki.next.push(...Array.from({ length: 5 }, () => ({ status: 503 })));
    await agent.configure({ sources: [web], sinks: [lokiSink(loki.url, buffer)], dispatcher });
    await agent.start();
    for (let k = 0; k < 50; k++) expect((await post(`${k}`)).status).toBe(200);
    await agent.statusWhen(({ sources }) => sources[0]!.ledger.delivered === 50);
    expect(numbers(loki.lines())).toEqual(Array.from({ length: 50 }, (_, k) => k));
  });
});

describe('a full buffer', () => {
  const small = { max_bytes: '4MiB' };
  const body = (k: number) => `${k} ${'x'.repeat(997)}\n`.repeat(200);

  test('block: clients are told to wait, and what was answered 200 arrives once', async () => {
    await agent.configure({
      sources: [{ ...web, acknowledge_timeout: '500ms' }],
      sinks: [lokiSink(DOWN, small)],
      dispatcher,
    });
    await agent.start();
    const answers = await Promise.all(Array.from({ length: 80 }, (_, k) => post(body(k))));
    const answered = answers.flatMap(({ status }, k) => (status === 200 ? [k] : []));
    const others = new Set(answers.map(({ status }) => status).filter((status) => status !== 200));
    expect(answered.length).toBeGreaterThan(10);
    expect([...others].every((status) => status === 429 || status === 503)).toBe(true);
    expect(others.size).toBeGreaterThan(0);
    const { sinks, sources } = await agent.status();
    expect(sinks[0]!.buffer!.bytes).toBeLessThanOrEqual(4 * 2 ** 20);
    expect(sources[0]!.ledger.dropped).toEqual({});
    expect(sources[0]!.ledger.balanced).toBe(true);
    await agent.stop('SIGKILL');

    loki = await LokiStub.start();
    await agent.configure({ sources: [web], sinks: [lokiSink(loki.url, small)], dispatcher });
    await agent.start();
    await agent.statusWhen(({ sinks: [sink] }) => sink!.ledger.in_flight === 0 && sink!.ledger.delivered > 0);
    const counts = new Map<number, number>();
    for (const number of numbers(loki.lines())) counts.set(number, (counts.get(number) ?? 0) + 1);
    expect(answered.filter((k) => counts.get(k) !== 200)).toEqual([]);
  });

  test('drop_oldest: goes on, and counts what it dropped', async () => {
    await agent.configure({
      sources: [web],
      sinks: [lokiSink(DOWN, { ...small, when_full: 'drop_oldest' })],
      dispatcher,
    });
    await agent.start();
    for (let k = 0; k < 40; k++) expect((await post(body(k))).status).toBe(200);
    const { sinks, sources } = await agent.status();
    const dropped = sources[0]!.ledger.dropped.buffer_full!;
    expect(dropped).toBeGreaterThan(0);
    expect(sources[0]!.ledger).toMatchObject({ read: 8000, in_flight: 8000 - dropped, balanced: true });
    expect(sinks[0]!.buffer).toMatchObject({ records: 8000 - dropped });
    expect(sinks[0]!.buffer!.bytes).toBeLessThanOrEqual(4 * 2 ** 20);
  });
});
