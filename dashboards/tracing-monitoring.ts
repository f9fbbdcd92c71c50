/** What tracing does and what it costs: `provisioning/dashboards/tracing-monitoring.json`. */
import { type DashboardBuilder, RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { AGENTS, gauge, series, stat } from './panels.ts';
import { dashboard } from './variables.ts';

const tracing = (name: string, more = '') => `log_capturer_tracing_${name}{${AGENTS}${more}}`;
const rate = (selector: string) => `rate(${selector}[$__rate_interval])`;

/**
 * Overhead by the formula of the project's brief, which knows only the mode and the share of logs traced: system-only
 * 1 %; hybrid 2 % and 8 % of the share traced; full-e2e 10 %. Beside it stands what was measured.
 */
const ESTIMATE = `100 * (
  0.01 * max(${tracing('mode', ', mode="system-only"')})
  + (0.02 + 0.08 * sum(${rate(tracing('logs_traced_total'))}) / clamp_min(sum(${rate(`log_capturer_logs_processed_total{${AGENTS}}`)}), 1))
    * max(${tracing('mode', ', mode="hybrid"')})
  + 0.1 * max(${tracing('mode', ', mode="full-e2e"')})
)`;

export function tracingMonitoring(): DashboardBuilder {
  return dashboard(
    'log-capturer-tracing',
    'log-capturer: tracing',
    'Which logs are traced, why, where their spans go, and what that costs.',
  )
    .withPanel(
      stat({
        title: 'Current Tracing Mode',
        description:
          'The mode each agent is in. It changes by a reload of the configuration or through the API.',
        unit: 'none',
        named: true,
        width: 6,
        queries: [{ expr: `max by (mode) (${tracing('mode')}) == 1`, legend: '{{mode}}' }],
      }),
    )
    .withPanel(
      gauge({
        title: 'Current Sampling Rate',
        description: 'Share of logs traced now when no rule and nothing particular is known about them.',
        unit: 'percentunit',
        max: 1,
        width: 6,
        queries: [{ expr: `max(${tracing('sampling_rate')})`, legend: 'rate' }],
        limits: { warn: 0.5, bad: 0.9 },
      }),
    )
    .withPanel(
      stat({
        title: 'On-Demand Rules Active',
        description: 'Rules that trace or mute single sources for a while.',
        unit: 'none',
        width: 6,
        queries: [{ expr: `sum(${tracing('on_demand_rules_active')})`, legend: 'rules' }],
        limits: { warn: 10, bad: 50 },
      }),
    )
    .withPanel(
      stat({
        title: 'Adaptive Sampling Status',
        description: 'Active while logs take longer than tracing.adaptive_sampling.latency_threshold (P99).',
        unit: 'none',
        width: 6,
        words: { 0: 'inactive', 1: 'active' },
        queries: [{ expr: `max(${tracing('adaptive_sampling_active')})`, legend: 'adaptive sampling' }],
        limits: { warn: 1 },
      }),
    )
    .withPanel(
      series({
        title: 'Logs Traced Rate',
        description: 'Logs traced a second, by why.',
        unit: 'ops',
        width: 12,
        stacked: true,
        queries: [
          {
            expr: `sum by (reason) (${rate(tracing('logs_traced_by_reason_total'))})`,
            legend: '{{reason}}',
          },
        ],
      }),
    )
    .withPanel(
      series({
        title: 'Spans Created Rate by Type',
        description: 'log: spans of single logs; system: spans of batches, sends and API requests.',
        unit: 'ops',
        width: 12,
        queries: [
          { expr: `sum by (span_type) (${rate(tracing('spans_created_total'))})`, legend: '{{span_type}}' },
        ],
      }),
    )
    .withPanel(
      series({
        title: 'Spans Exported vs Dropped',
        description:
          'What trace backends accepted, and what none will get, by reason. Logs never wait for either.',
        unit: 'ops',
        width: 12,
        queries: [
          { expr: `sum(${rate(tracing('spans_exported_total'))})`, legend: 'exported' },
          {
            expr: `sum by (reason) (${rate(tracing('spans_dropped_total'))})`,
            legend: 'dropped: {{reason}}',
          },
        ],
      }),
    )
    .withPanel(
      series({
        title: 'Tracing Overhead',
        description:
          'Measured: processor time of tracing by that of everything else in the agent. Estimate: a formula that knows only the mode and the share of logs traced.',
        unit: 'percent',
        width: 12,
        queries: [
          { expr: `100 * max(${tracing('overhead_ratio')})`, legend: 'measured' },
          { expr: ESTIMATE, legend: 'estimate by formula' },
        ],
      }),
    )
    .withRow(new RowBuilder('More'))
    .withPanel(
      series({
        title: 'Share of Logs Traced',
        description: 'Logs traced by logs processed.',
        unit: 'percentunit',
        width: 8,
        queries: [
          {
            expr: `sum(${rate(tracing('logs_traced_total'))}) / clamp_min(sum(${rate(`log_capturer_logs_processed_total{${AGENTS}}`)}), 1)`,
            legend: 'share',
          },
        ],
      }),
    )
    .withPanel(
      series({
        title: 'What Adaptive Sampling Looks At',
        description:
          '99th percentile of the time from reading a log to its acknowledgement, at the last check.',
        unit: 's',
        width: 8,
        queries: [{ expr: `max by (instance) (${tracing('adaptive_p99_seconds')})`, legend: '{{instance}}' }],
      }),
    )
    .withPanel(
      series({
        title: 'Logs by How Long They Took',
        description:
          'From reading a log until the last sink was done with it. The dots are logs with a trace: click one.',
        unit: 's',
        width: 8,
        queries: [0.5, 0.99].map((quantile) => ({
          expr: `histogram_quantile(${quantile}, sum by (le) (${rate(`log_capturer_source_latency_seconds_bucket{${AGENTS}}`)}))`,
          legend: `P${quantile * 100}`,
          exemplar: true,
        })),
      }),
    )
    .withPanel(
      series({
        title: 'Spans Queued for Export',
        description: 'When a queue is full, spans are dropped (queue_full).',
        unit: 'none',
        width: 8,
        queries: [{ expr: `sum by (instance) (${tracing('spans_queued')})`, legend: '{{instance}}' }],
      }),
    )
    .withPanel(
      series({
        title: 'Spans Remembered by the Agent',
        description: 'What /api/traces and the console can show.',
        unit: 'none',
        width: 8,
        queries: [{ expr: `sum by (instance) (${tracing('store_spans')})`, legend: '{{instance}}' }],
      }),
    )
    .withPanel(
      series({
        title: 'Rates Left by max_overhead',
        description:
          'Below 1 the agent has stepped its rates down, because tracing cost more than tracing.max_overhead.',
        unit: 'percentunit',
        width: 8,
        max: 1,
        queries: [{ expr: `min by (instance) (${tracing('overhead_factor')})`, legend: '{{instance}}' }],
      }),
    );
}
