import { expect, test, vi } from 'vitest';
import { sampleStatus } from '../component/sample-status.ts';
import { sampleTracingStatus } from '../component/sample-tracing-status.ts';
import { definitions } from './definitions.ts';
import { Exposition } from './exposition.ts';
import { type TracingFigures, tracingMetrics } from './tracing-metrics.ts';

/** Lines of the exposition that are about tracing, without comments. */
async function exposed(changes: Partial<TracingFigures> = {}): Promise<string[]> {
  const collectors = [tracingMetrics(() => ({ ...sampleTracingStatus, ...changes }))];
  const { body } = await new Exposition({ status: () => sampleStatus, collectors }).render();
  return body.split('\n').filter((line) => line.startsWith('log_capturer_tracing_'));
}

test('every figure has its series', async () => {
  expect(await exposed()).toEqual([
    'log_capturer_tracing_mode{mode="off"} 0',
    'log_capturer_tracing_mode{mode="system-only"} 0',
    'log_capturer_tracing_mode{mode="hybrid"} 1',
    'log_capturer_tracing_mode{mode="full-e2e"} 0',
    'log_capturer_tracing_overrides_active 2',
    'log_capturer_tracing_sampling_rate 0.25',
    'log_capturer_tracing_logs_traced_total 12',
    'log_capturer_tracing_logs_traced_by_reason_total{reason="mode"} 0',
    'log_capturer_tracing_logs_traced_by_reason_total{reason="on_demand"} 8',
    'log_capturer_tracing_logs_traced_by_reason_total{reason="parent"} 0',
    'log_capturer_tracing_logs_traced_by_reason_total{reason="adaptive"} 0',
    'log_capturer_tracing_logs_traced_by_reason_total{reason="base_rate"} 4',
    'log_capturer_tracing_logs_traced_by_reason_total{reason="tail_slow"} 0',
    'log_capturer_tracing_logs_traced_by_reason_total{reason="tail_failed"} 0',
    'log_capturer_tracing_parents_turned_away_total 5',
    'log_capturer_tracing_spans_created_total{span_type="log"} 48',
    'log_capturer_tracing_spans_created_total{span_type="system"} 6',
    'log_capturer_tracing_spans_exported_total 40',
    'log_capturer_tracing_spans_dropped_total{reason="queue_full"} 3',
    'log_capturer_tracing_spans_dropped_total{reason="export_failed"} 0',
    'log_capturer_tracing_spans_dropped_total{reason="shutdown"} 0',
    'log_capturer_tracing_spans_queued 11',
    'log_capturer_tracing_on_demand_rules_active 1',
    'log_capturer_tracing_adaptive_sampling_active 1',
    'log_capturer_tracing_adaptive_p99_seconds 1.75',
    'log_capturer_tracing_cpu_seconds_total 0.125',
    'log_capturer_tracing_overhead_ratio 0.06',
    'log_capturer_tracing_overhead_factor 0.5',
    'log_capturer_tracing_store_spans 54',
    'log_capturer_tracing_store_overwritten_spans_total 7',
    'log_capturer_tracing_store_memory_bytes 67108864',
  ]);
});

test.each(['off', 'system-only', 'hybrid', 'full-e2e'] as const)(
  'in mode %s only that is 1',
  async (mode) => {
    const ones = (await exposed({ mode })).filter((line) => /^log_capturer_tracing_mode\{.* 1$/.test(line));
    expect(ones).toEqual([`log_capturer_tracing_mode{mode="${mode}"} 1`]);
  },
);

test('the two counters that dashboards divide have no labels', () => {
  expect(definitions.log_capturer_tracing_logs_traced_total.labels).toEqual([]);
  expect(definitions.log_capturer_logs_processed_total.labels).toEqual([]);
});

test('the status is read once a scrape, and only then', async () => {
  const status = vi.fn(() => sampleTracingStatus);
  const collectors = [tracingMetrics(status)];
  const exposition = new Exposition({ status: () => sampleStatus, collectors });
  expect(status).not.toHaveBeenCalled();
  await exposition.render();
  expect(status).toHaveBeenCalledOnce();
});
