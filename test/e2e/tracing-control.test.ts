/**
 * Tracing of the running agent turned up and down with curl alone, as an operator would. What a minute takes (the least
 * duration of a rule) is waited for with `E2E_FULL_MINUTE=1`; else the rule is disabled instead.
 */
import { execFile, spawnSync } from 'node:child_process';
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Explanation } from '../../src/http/schemas/explanation.ts';
import type { TraceList } from '../../src/http/schemas/traces.ts';
import type { TracingStatus } from '../../src/http/schemas/tracing-status.ts';
import { AgentUnderTest, until } from '../fixtures/agent.ts';

const FULL_MINUTE = process.env.E2E_FULL_MINUTE !== undefined;
const LONG_MS = 180_000;
const LINES = 500;

const hasCurl = process.env.CI !== undefined || spawnSync('curl', ['--version']).status === 0;

let agent: AgentUnderTest;
let written = 0;

beforeEach(async () => {
  written = 0;
  agent = await AgentUnderTest.create();
  await mkdir(join(agent.dir, 'in'));
  for (const name of ['a', 'b', 'c']) await writeFile(input(name), '');
  await agent.configure({
    sources: [
      {
        id: 'app',
        type: 'file',
        include: [join(agent.dir, 'in', '*.log')],
        poll_interval: '20ms',
        scan_interval: '50ms',
      },
    ],
    sinks: [{ id: 'out', type: 'file', path: 'out/{file}' }],
    // Tail keeping would trace a log that a busy machine delays.
    tracing: { mode: 'hybrid', log_tracing_rate: 0, tail: { enabled: false } },
  });
  await agent.start();
});
afterEach(() => agent[Symbol.asyncDispose]());

const input = (name: string) => join(agent.dir, 'in', `${name}.log`);

/** What curl prints: the body; fails on 4xx and 5xx unless told otherwise. */
async function curl<T>(path: string, ...args: string[]): Promise<T> {
  const { stdout } = await promisify(execFile)('curl', [
    '--silent',
    '--show-error',
    ...args,
    `http://127.0.0.1:${agent.port}${path}`,
  ]);
  return JSON.parse(stdout) as T;
}

const send = (method: string, body: object) => [
  '-X',
  method,
  '-H',
  'content-type: application/json',
  '-d',
  JSON.stringify(body),
];

/** Appends to every file and waits until all of it is delivered. */
async function logsFlow(): Promise<void> {
  const text = Array.from({ length: LINES }, (_, i) => `line ${i}\n`).join('');
  for (const name of ['a', 'b', 'c']) await appendFile(input(name), text);
  written += 3 * LINES;
  await agent.statusWhen(({ sources }) => sources[0]!.ledger.delivered === written);
}

const traces = () => curl<TraceList>('/api/traces?limit=1000');
const status = () => curl<TracingStatus>('/api/tracing/status');

test.skipIf(!hasCurl)(
  'one file is traced and no other, until the rule ends (skipped where curl is not installed)',
  async () => {
    await logsFlow();
    expect((await traces()).traces).toEqual([]);

    const enabled = await curl<{ matched_sources: string[]; duration: string }>(
      '/api/tracing/enable',
      ...send('POST', { source_id: input('a'), rate: 1, duration: '1m' }),
    );
    expect(enabled).toMatchObject({ duration: '1m', matched_sources: [input('a')] });

    await logsFlow();
    const found = (await traces()).traces;
    expect(found).toHaveLength(LINES);
    expect(new Set(found.map(({ source_id }) => source_id))).toEqual(new Set([input('a')]));
    expect(new Set(found.map(({ reason }) => reason))).toEqual(new Set(['on_demand']));

    const { on_demand_rules: rules } = await status();
    expect(rules).toMatchObject([{ source_id: input('a'), rate: 1, traces: LINES }]);
    expect(rules[0]!.remaining_seconds).toBeLessThanOrEqual(60);

    if (FULL_MINUTE) await until(async () => (await status()).on_demand_rules.length === 0);
    else await curl('/api/tracing/disable', ...send('POST', { source_id: input('a') }));

    await logsFlow();
    expect((await traces()).traces).toHaveLength(LINES);
    expect(await status()).toMatchObject({ on_demand_rules: [], logs_traced: LINES });
  },
  LONG_MS,
);

test.skipIf(!hasCurl)(
  'what is decided and why is explained, and what a rule would cost (skipped where curl is not installed)',
  async () => {
    await curl('/api/tracing/enable', ...send('POST', { source_id: input('a') }));
    await logsFlow();
    const explained = await curl<Explanation>(
      '/api/tracing/explain',
      ...send('POST', { source_id: 'app', rule: { rate: 0.5, duration: '2m' } }),
    );
    expect(
      explained.decisions.map(({ streams, examples, rate, reason }) => [streams, examples, rate, reason]),
    ).toEqual(
      expect.arrayContaining([
        [1, [input('a')], 1, 'on_demand'],
        [2, [input('b'), input('c')], 0, undefined],
      ]),
    );
    const { logs_per_second, traces_per_second, span } = explained.cost;
    expect(logs_per_second).toBeGreaterThan(0);
    expect(traces_per_second).toBeCloseTo(logs_per_second / 2, 0);
    expect(span.per_log).toBe(3);
    expect(span.bytes_measured).toBe(true);
  },
);

test.skipIf(!hasCurl)(
  'a rate and a mode are changed and taken back (skipped where curl is not installed)',
  async () => {
    await curl('/api/tracing/settings', ...send('PATCH', { log_tracing_rate: 1 }));
    await logsFlow();
    expect(await status()).toMatchObject({
      logs_traced: 3 * LINES,
      overrides: { log_tracing_rate: { value: 1, configured: 0 } },
    });
    await curl('/api/tracing/settings', '-X', 'DELETE');
    await curl('/api/tracing/mode', ...send('PUT', { mode: 'system-only', duration: '5m' }));
    await logsFlow();
    expect(await status()).toMatchObject({
      logs_traced: 3 * LINES,
      overrides: {
        mode: { value: 'system-only', configured: 'hybrid', remaining_seconds: expect.any(Number) },
      },
    });
    await curl('/api/tracing/mode', '-X', 'DELETE');
    expect(await status()).toMatchObject({ mode: 'hybrid', overrides: {} });
    const { changes } = await curl<{ changes: { action: string }[] }>('/api/audit');
    expect(changes.map(({ action }) => action)).toEqual([
      'tracing.mode',
      'tracing.mode',
      'tracing.settings',
      'tracing.settings',
    ]);
  },
);
