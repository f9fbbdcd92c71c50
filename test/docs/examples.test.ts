/** Every file of configs/examples: the agent starts with it, delivers a log, and traces what its name promises. */
import { readdirSync } from 'node:fs';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { AgentUnderTest, until } from '../fixtures/agent.ts';
import { JaegerCollector } from '../stubs/jaeger-collector.ts';
import { LokiStub } from '../stubs/loki.ts';
import { OtlpCollector } from '../stubs/otlp-collector.ts';
import { ROOT } from './markdown.ts';

const FOLDER = join(ROOT, 'configs', 'examples');
const CONTEXT =
  '"trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"b7ad6b7169203331","trace_flags":"01"';
const LINE = `{"level":"info","message":"one","user":{"id":"7"},${CONTEXT}}`;

afterEach(() => vi.unstubAllEnvs());

/** The agent with that example, its logs in a file of one line, and its spans sent at once. */
async function start(example: string, variables: Record<string, string> = {}): Promise<AgentUnderTest> {
  const agent = await AgentUnderTest.create();
  const logs = join(agent.dir, 'app.log');
  await writeFile(logs, `${LINE}\n`);
  await copyFile(join(FOLDER, `${example}.yaml`), join(agent.dir, 'config.yaml'));
  const own = {
    LOG_CAPTURER_PORT: String(agent.port),
    LOGS: logs,
    SPAN_BATCH_TIMEOUT: '50ms',
    TRACING_RATE: '1',
  };
  for (const [name, value] of Object.entries({ ...own, ...variables })) vi.stubEnv(name, value);
  await agent.start();
  await agent.statusWhen(({ sinks }) => sinks[0]!.ledger.delivered === 1);
  return agent;
}

async function traces(agent: AgentUnderTest, type: 'log' | 'system'): Promise<{ reason?: string }[]> {
  const answer = await agent.get(`/api/traces?type=${type}`);
  return ((await answer.json()) as { traces: { reason?: string }[] }).traces;
}

const written = (agent: AgentUnderTest) => readFile(join(agent.dir, 'data/out/logs.log'), 'utf8');

const tests: Readonly<Record<string, () => Promise<void>>> = {
  'tracing-off': async () => {
    await using agent = await start('tracing-off');
    expect(await written(agent)).toBe(`${LINE}\n`);
    expect([await traces(agent, 'log'), await traces(agent, 'system')]).toEqual([[], []]);
  },

  'tracing-system-only': async () => {
    const collector = await OtlpCollector.http();
    await using agent = await start('tracing-system-only', { OTLP_ENDPOINT: `${collector.url}/v1/traces` });
    await collector.requests(1);
    const names = new Set(collector.spans.map(({ name }) => name));
    expect(names).toEqual(new Set(['dispatcher.process_batch', 'sink.archive.send']));
    expect(await written(agent)).toBe(`${LINE}\n`);
    await collector.close();
  },

  'tracing-hybrid-minimal': async () => {
    await using agent = await start('tracing-hybrid-minimal');
    expect(await written(agent)).toBe(`${LINE}\n`);
    expect(await traces(agent, 'system')).toHaveLength(1);
    expect(await traces(agent, 'log')).toEqual([]);
  },

  'tracing-full-e2e': async () => {
    const collector = await OtlpCollector.http();
    await using agent = await start('tracing-full-e2e', { OTLP_ENDPOINT: `${collector.url}/v1/traces` });
    await until(() => collector.spans.some(({ name }) => name === 'log.process'));
    const [{ trace_id }] = (await traces(agent, 'log')) as [{ trace_id: string }];
    expect(JSON.parse(await written(agent))).toMatchObject({ source: 'logs', trace_id });
    await collector.close();
  },

  'loki-tempo': async () => {
    const [loki, tempo] = [await LokiStub.start(), await OtlpCollector.http()];
    await using agent = await start('loki-tempo', {
      LOKI_URL: loki.url,
      OTLP_ENDPOINT: `${tempo.url}/v1/traces`,
    });
    await until(() => tempo.spans.some(({ name }) => name === 'log.process'));
    const [entry] = [...loki.streams.values()].flat();
    const trace_id = '0af7651916cd43dd8448eb211c80319c';
    expect(entry!.metadata).toMatchObject({ level: 'info', user_id: '7', trace_id });
    expect(await traces(agent, 'log')).toMatchObject([{ trace_id, reason: 'parent' }]);
    await Promise.all([loki.stop(), tempo.close()]);
  },

  jaeger: async () => {
    const collector = await JaegerCollector.start();
    await using agent = await start('jaeger', { JAEGER_ENDPOINT: collector.url });
    await until(() => inspect(collector.batches, { depth: 5 }).includes('log.process'));
    expect(collector.violations).toEqual([]);
    expect(await traces(agent, 'log')).toMatchObject([{ reason: 'base_rate' }]);
    await collector.close();
  },
};

describe('configs/examples', () => {
  test('all of them are tested', () => {
    const files = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'));
    expect(files.map((name) => name.replace('.yaml', '')).sort()).toEqual(Object.keys(tests).sort());
  });

  test.each(Object.entries(tests))('%s', async (_, run) => run());
});
