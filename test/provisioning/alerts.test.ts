/** The alerts, judged by promtool: each fires when it should and is quiet when it should be. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';

const PROMETHEUS = join(import.meta.dirname, '..', '..', 'provisioning', 'prometheus');
const RULES = ['alerts.yaml', 'recording.yaml'].map((name) => join(PROMETHEUS, name));
const RUNBOOKS = join(import.meta.dirname, '..', '..', 'docs', 'runbooks.md');
const hasPromtool = spawnSync('promtool', ['--version']).status === 0;
const withPromtool = test.skipIf(!hasPromtool && process.env.CI === undefined);

interface Alert {
  readonly alert: string;
  readonly annotations: { readonly runbook_url: string; readonly summary: string };
}

const alerts = (parse(readFileSync(RULES[0]!, 'utf8')) as { groups: { rules: Alert[] }[] }).groups.flatMap(
  ({ rules }) => rules,
);

/** Series in promtool's notation (a value a minute for 30 minutes): those that fire the alert, and those that do not. */
const CASES: Readonly<Record<string, { fires: Record<string, string>; quiet: Record<string, string> }>> = {
  LogCapturerDown: {
    fires: { 'up{job="log-capturer"}': '0x30' },
    // One failed scrape is no outage.
    quiet: { 'up{job="log-capturer"}': '1x28 0 1' },
  },
  LogCapturerLedgerOutOfBalance: {
    fires: { log_capturer_ledger_imbalances_total: '0x20 1x10' },
    quiet: { log_capturer_ledger_imbalances_total: '0x30' },
  },
  LogCapturerLogsDropped: {
    fires: { 'log_capturer_sink_records_dropped_total{sink="a",reason="too_old"}': '0x20 5x10' },
    quiet: { 'log_capturer_sink_records_dropped_total{sink="a",reason="too_old"}': '5x30' },
  },
  LogCapturerSinkDown: {
    fires: { 'log_capturer_sink_up{sink="a"}': '0x30' },
    quiet: { 'log_capturer_sink_up{sink="a"}': '1x27 0x3' },
  },
  LogCapturerLagGrowing: {
    fires: { log_capturer_source_lag_seconds: '100+10x30', log_capturer_source_lag_bytes: '1000+100x30' },
    // Far behind, but catching up.
    quiet: { log_capturer_source_lag_seconds: '1000-10x30', log_capturer_source_lag_bytes: '9000-100x30' },
  },
  LogCapturerPositionsNotAdvancing: {
    fires: { log_capturer_source_oldest_unacknowledged_seconds: '0+60x30' },
    quiet: { log_capturer_source_oldest_unacknowledged_seconds: '30x30' },
  },
  LogCapturerDeadLetters: {
    fires: { log_capturer_dead_letters_written_total: '0x20 3x10' },
    quiet: { log_capturer_dead_letters_written_total: '3x30' },
  },
  LogCapturerDeadLettersEvicted: {
    fires: { log_capturer_dead_letters_evicted_total: '0x20 3x10' },
    quiet: { log_capturer_dead_letters_evicted_total: '3x30' },
  },
  LogCapturerBufferNearlyFull: {
    fires: { log_capturer_sink_buffer_bytes: '90x30', log_capturer_sink_buffer_max_bytes: '100x30' },
    quiet: { log_capturer_sink_buffer_bytes: '70x30', log_capturer_sink_buffer_max_bytes: '100x30' },
  },
  LogCapturerConfigReloadFailed: {
    fires: { log_capturer_config_last_reload_success: '1x20 0x10' },
    quiet: { log_capturer_config_last_reload_success: '0x20 1x10' },
  },
  LogCapturerAdaptiveSamplingActive: {
    fires: { log_capturer_tracing_adaptive_sampling_active: '0x20 1x10' },
    quiet: { log_capturer_tracing_adaptive_sampling_active: '0x28 1x1' },
  },
  LogCapturerSpansDropped: {
    fires: { 'log_capturer_tracing_spans_dropped_total{reason="queue_full"}': '0+60x30' },
    quiet: { 'log_capturer_tracing_spans_dropped_total{reason="queue_full"}': '60x30' },
  },
  LogCapturerTracingOverhead: {
    fires: { log_capturer_tracing_overhead_ratio: '0.2x30', process_cpu_seconds_total: '0+30x30' },
    // A large share of nearly nothing.
    quiet: { log_capturer_tracing_overhead_ratio: '0.2x30', process_cpu_seconds_total: '0+1x30' },
  },
};

test('every alert has a firing and a quiet case', () => {
  expect(Object.keys(CASES).toSorted()).toEqual(alerts.map(({ alert }) => alert).toSorted());
});

test('every alert has a chapter in the runbooks', () => {
  const chapters = [...readFileSync(RUNBOOKS, 'utf8').matchAll(/^## (.+)$/gm)].map(
    ([, title]) => `docs/runbooks.md#${title!.toLowerCase().replaceAll(' ', '-')}`,
  );
  expect(chapters.toSorted()).toEqual(alerts.map(({ annotations }) => annotations.runbook_url).toSorted());
});

withPromtool('promtool takes the rules', () => {
  expect(execFileSync('promtool', ['check', 'rules', ...RULES], { encoding: 'utf8' })).not.toContain(
    'FAILED',
  );
});

withPromtool.each(Object.entries(CASES))('%s fires and is quiet', (alert, { fires, quiet }) => {
  const dir = mkdtempSync(join(tmpdir(), 'alerts-'));
  try {
    const file = join(dir, 'test.yaml');
    const expr = `count(ALERTS{alertname="${alert}", alertstate="firing"})`;
    const tests = [
      { series: fires, exp_samples: [{ labels: '{}', value: 1 }] },
      { series: quiet, exp_samples: [] },
    ].map(({ series, exp_samples }) => ({
      interval: '1m',
      input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
      promql_expr_test: [{ expr, eval_time: '29m', exp_samples }],
    }));
    writeFileSync(file, stringify({ rule_files: RULES, evaluation_interval: '1m', tests }));
    const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', file], { encoding: 'utf8' });
    expect(status, `${stdout}${stderr}`).toBe(0);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
