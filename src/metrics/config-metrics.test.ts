import { expect, test } from 'vitest';
import { sampleStatus } from '../component/sample-status.ts';
import type { ConfigStatus } from '../component/status.ts';
import { configMetrics } from './config-metrics.ts';
import { Samples } from './samples.ts';

function valuesOf(config: Partial<ConfigStatus>): Record<string, number> {
  const samples = new Samples();
  configMetrics.collect(samples, { ...sampleStatus, config: { ...sampleStatus.config, ...config } });
  return Object.fromEntries(
    [...samples.entries()].flatMap(([name, values]) =>
      values.map(({ value, labels }) => [`${name}${Object.values(labels).join()}`, value]),
    ),
  );
}

test('reloads are counted by result', () => {
  expect(valuesOf({ reloads: { applied: 2, unchanged: 1, refused: 3 } })).toMatchObject({
    log_capturer_config_reloads_totalapplied: 2,
    log_capturer_config_reloads_totalunchanged: 1,
    log_capturer_config_reloads_totalrefused: 3,
  });
});

test.each([
  ['applied', 1],
  ['unchanged', 1],
  ['refused', 0],
] as const)('a last reload that was %s is %d', (result, expected) => {
  const last_reload = { ...sampleStatus.config.last_reload, result };
  expect(valuesOf({ last_reload }).log_capturer_config_last_reload_success).toBe(expected);
});

test('keys that wait for a restart are counted', () => {
  const changes = [
    { path: 'server.port', action: 'restart_required' },
    { path: 'tracing.mode', action: 'updated' },
  ] as const;
  const last_reload = { ...sampleStatus.config.last_reload, changes };
  expect(valuesOf({ last_reload }).log_capturer_config_restart_required).toBe(1);
});

test('the time of reading is in seconds', () => {
  const seconds = 'log_capturer_config_last_reload_success_timestamp_seconds';
  expect(valuesOf({ loaded_at: '2026-11-20T10:00:00.500Z' })[seconds]).toBe(1_795_168_800.5);
});
