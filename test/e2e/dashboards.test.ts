/**
 * Every query of the dashboards and rules, read out of their files and run by a real Prometheus that scrapes an agent at
 * work: a metric that was renamed, a label that is not there or a query that cannot be run shows here.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { AgentUnderTest, freePort, until } from '../fixtures/agent.ts';
import { hasPrometheus, Prometheus } from '../fixtures/prometheus.ts';

const PROVISIONING = join(import.meta.dirname, '..', '..', 'provisioning');
const RULES = ['recording.yaml', 'alerts.yaml'].map((name) => join(PROVISIONING, 'prometheus', name));
const LONG_MS = 60_000;

/** Empty while all is well: only that they can be run is tested. */
const EMPTY_WHEN_WELL = ['Dropped, by Reason'];

interface Panel {
  readonly title: string;
  readonly type: string;
  readonly targets?: readonly { readonly expr: string }[];
}

interface Variable {
  readonly type: string;
  readonly name: string;
  readonly query: string;
}

interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
}

const read = (name: string) =>
  JSON.parse(readFileSync(join(PROVISIONING, 'dashboards', `${name}.json`), 'utf8')) as Dashboard;
const dashboards = ['tracing-monitoring', 'pipeline'].map((name) => ({ name, ...read(name) }));
const queries = dashboards.flatMap(({ name, panels }) =>
  panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }, i) => ({ title: `${name}: ${title} ${'ABCDEF'[i]}`, panel: title, expr })),
  ),
);

/** As Grafana does with all agents chosen and 15 s between scrapes, but for the interval: a test has no minute. */
const filled = (expr: string) =>
  expr.replaceAll('$__rate_interval', '5s').replaceAll('$job', '.*').replaceAll('$instance', '.*');

test("the brief's eight panels are there", () => {
  expect(read('tracing-monitoring').panels.map(({ title, type }) => `${title} (${type})`)).toEqual(
    expect.arrayContaining([
      'Current Tracing Mode (stat)',
      'Logs Traced Rate (timeseries)',
      'Spans Created Rate by Type (timeseries)',
      'Current Sampling Rate (gauge)',
      'On-Demand Rules Active (stat)',
      'Adaptive Sampling Status (stat)',
      'Spans Exported vs Dropped (timeseries)',
      'Tracing Overhead (timeseries)',
    ]),
  );
});

describe.skipIf(!hasPrometheus)('with a real Prometheus (skipped where it is not installed)', () => {
  let agent: AgentUnderTest;
  let prometheus: Prometheus;

  beforeAll(async () => {
    agent = await AgentUnderTest.create();
    const port = await freePort();
    await agent.configure({
      sources: [
        { id: 'demo', type: 'demo', rate: 500 },
        { id: 'posted', type: 'http', listen: `127.0.0.1:${port}`, acknowledge: 'accepted' },
      ],
      sinks: [
        { id: 'out', type: 'blackhole', sources: ['demo'] },
        // Nobody listens there: errors, retries, an open breaker, a buffer that fills.
        {
          id: 'down',
          type: 'loki',
          url: 'http://127.0.0.1:9',
          sources: ['posted'],
          buffer: { max_bytes: '16MiB' },
        },
      ],
      dispatcher: { batch_timeout: '20ms', retry: { initial: '50ms', max: '100ms' } },
      tracing: { mode: 'full-e2e', exporter: { type: 'file', path: join(agent.dir, 'spans.jsonl') } },
    });
    await agent.start();
    await fetch(`http://127.0.0.1:${port}/logs`, { method: 'POST', body: 'one\ntwo\n' });
    prometheus = await Prometheus.start(agent, RULES);
    await until(
      async () => (await prometheus.value('count_over_time(up{job="agent"}[1m])')) > 12,
      () => prometheus.said,
    );
  }, LONG_MS);
  afterAll(async () => {
    await prometheus?.[Symbol.asyncDispose]();
    await agent?.[Symbol.asyncDispose]();
  });

  test.each(queries)(
    '$title finds data',
    async ({ panel, expr }) => {
      if (EMPTY_WHEN_WELL.includes(panel)) {
        expect(await prometheus.ask('query', { query: filled(expr) })).not.toBeNull();
        return;
      }
      // A quantile of nothing is not a number.
      await until(
        async () => (await prometheus.values(filled(expr))).some((value) => !Number.isNaN(value)),
        () => `no data for ${filled(expr)}`,
      );
    },
    LONG_MS,
  );

  test('variables find their values', async () => {
    for (const { query } of dashboards.flatMap(({ templating }) => templating.list)) {
      const label = /^label_values\((.+), (\w+)\)$/.exec(query);
      if (label === null) continue;
      const data = await prometheus.ask<string[]>(`label/${label[2]}/values`, {
        'match[]': filled(label[1]!),
      });
      expect(data, query).not.toEqual([]);
    }
  });

  test(
    'Prometheus runs every rule',
    async () => {
      const names = RULES.flatMap((file) =>
        (parse(readFileSync(file, 'utf8')) as { groups: { rules: object[] }[] }).groups.flatMap(
          ({ rules }) => rules,
        ),
      );
      type Rule = { name: string; health: string; lastError?: string };
      let rules: Rule[] = [];
      await until(
        async () => {
          const data = await prometheus.ask<{ groups: { rules: Rule[] }[] }>('rules');
          rules = data?.groups.flatMap((group) => group.rules) ?? [];
          return rules.length === names.length && rules.every(({ health }) => health !== 'unknown');
        },
        () => JSON.stringify(rules),
      );
      expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
    },
    LONG_MS,
  );
});
