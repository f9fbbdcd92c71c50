/** A real Prometheus scrapes the real agent: every series is taken, and exemplars lead to traces that the agent knows. */
import { execFileSync, spawnSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AgentUnderTest, until } from '../fixtures/agent.ts';
import { hasPrometheus, Prometheus } from '../fixtures/prometheus.ts';

const LONG_MS = 120_000;
const hasPromtool = process.env.CI !== undefined || spawnSync('promtool', ['--version']).status === 0;

let agent: AgentUnderTest;

beforeEach(async () => {
  agent = await AgentUnderTest.create();
});
afterEach(() => agent[Symbol.asyncDispose]());

async function start(...moreSinks: object[]): Promise<void> {
  await agent.configure({
    sources: [{ id: 'demo', type: 'demo' }],
    sinks: [{ id: 'out', type: 'blackhole' }, ...moreSinks],
    dispatcher: { batch_timeout: '20ms' },
    tracing: { mode: 'full-e2e' },
  });
  await agent.start();
}

const scrape = async (accept: string) => {
  const answer = await fetch(`http://127.0.0.1:${agent.port}/metrics`, { headers: { accept } });
  return answer.text();
};

test.skipIf(!hasPromtool)(
  'promtool finds nothing to say about the metrics (skipped where promtool is not installed)',
  async () => {
    // Nobody listens there: a sink that fails has series of its own.
    await start({ id: 'down', type: 'loki', url: 'http://127.0.0.1:9' });
    await agent.statusWhen(({ sinks }) => sinks.some(({ state }) => state === 'retrying'));
    const input = await scrape('text/plain');
    expect(execFileSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8', stdio: 'pipe' })).toBe(
      '',
    );
  },
);

describe.skipIf(!hasPrometheus)('Prometheus (skipped where it is not installed)', () => {
  let prometheus: Prometheus;

  beforeEach(async () => {
    await start();
    prometheus = await Prometheus.start(agent);
  });
  afterEach(() => prometheus[Symbol.asyncDispose]());

  interface Exemplars {
    readonly seriesLabels: Record<string, string>;
    readonly exemplars: readonly { readonly labels: { trace_id: string }; readonly value: string }[];
  }

  test(
    'takes every scrape, and an exemplar is a trace that the agent knows',
    async () => {
      const describe = () => `Prometheus said:\n${prometheus.said}`;
      await until(async () => (await prometheus.value('up{job="agent"}')) === 1, describe);
      await until(
        async () => (await prometheus.value('log_capturer_source_records_read_total')) > 0,
        describe,
      );

      const now = Date.now() / 1000;
      let found: Exemplars[] = [];
      await until(async () => {
        found =
          (await prometheus.ask<Exemplars[]>('query_exemplars', {
            query: 'log_capturer_source_latency_seconds_bucket',
            start: String(now - 300),
            end: String(now + 300),
          })) ?? [];
        return found.length > 0;
      }, describe);
      const [series] = found;
      expect(series!.seriesLabels).toMatchObject({ source: 'demo' });
      const { labels, value } = series!.exemplars[0]!;
      expect(Number(value)).toBeLessThanOrEqual(Number(series!.seriesLabels.le));

      const trace = await agent.get(`/api/traces/${labels.trace_id}`);
      expect(trace.status).toBe(200);
      const { traces } = (await trace.json()) as { traces: { duration_ms: number }[] };
      expect(traces[0]!.duration_ms / 1000).toBeCloseTo(Number(value), 5);
    },
    LONG_MS,
  );
});
