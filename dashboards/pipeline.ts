/** Where the logs are, how late they are, and what is in their way: `provisioning/dashboards/pipeline.json`. */
import { type DashboardBuilder, RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { AGENTS, heatmap, type Query, series, stat } from './panels.ts';
import { dashboard } from './variables.ts';

const metric = (name: string, more = '') => `log_capturer_${name}{${AGENTS}${more}}`;
const rate = (selector: string) => `rate(${selector}[$__rate_interval])`;
const bySource = (name: string) => `sum by (source) (${rate(metric(name))})`;
const bySink = (name: string) => `sum by (sink) (${rate(metric(name))})`;

/** P50 and P99 of a histogram, for each value of a label. */
function quantiles(name: string, label: string, exemplar: boolean): Query[] {
  return [0.5, 0.99].map((quantile) => ({
    expr: `histogram_quantile(${quantile}, sum by (le, ${label}) (${rate(metric(`${name}_bucket`))}))`,
    legend: `{{${label}}} P${quantile * 100}`,
    exemplar,
  }));
}

export function pipeline(): DashboardBuilder {
  const board = dashboard(
    'log-capturer-pipeline',
    'log-capturer: pipeline',
    'Where the logs are, how late they are, and what is in their way.',
  );
  summary(board);
  sources(board);
  sinks(board);
  ledger(board);
  agent(board);
  return board;
}

function summary(board: DashboardBuilder): void {
  const width = 4;
  board
    .withPanel(
      stat({
        title: 'Logs a Second',
        description:
          'Logs that left the agent: acknowledged by every sink, filtered, dead-lettered or dropped.',
        unit: 'ops',
        width,
        queries: [{ expr: `sum(${rate(metric('logs_processed_total'))})`, legend: 'logs' }],
      }),
    )
    .withPanel(
      stat({
        title: 'P99 Latency',
        description: 'From reading a log until the last sink was done with it.',
        unit: 's',
        width,
        queries: [
          {
            expr: `histogram_quantile(0.99, sum by (le) (${rate(metric('source_latency_seconds_bucket'))}))`,
            legend: 'P99',
          },
        ],
        limits: { warn: 1, bad: 10 },
      }),
    )
    .withPanel(
      stat({
        title: 'Not Read Yet',
        description: 'Bytes that exist and were not read.',
        unit: 'bytes',
        width,
        queries: [{ expr: `sum(${metric('source_lag_bytes')})`, legend: 'lag' }],
      }),
    )
    .withPanel(
      stat({
        title: 'Sinks Down',
        description: 'Sinks that fail and are tried again.',
        unit: 'none',
        width,
        queries: [{ expr: `count(${metric('sink_up')} == 0) or vector(0)`, legend: 'sinks' }],
        limits: { bad: 1 },
      }),
    )
    .withPanel(
      stat({
        title: 'Dead Letters',
        description:
          'Logs that a sink refused for good, kept to be sent again: log-capturer dead-letters list.',
        unit: 'none',
        width,
        queries: [{ expr: `sum(${metric('dead_letters_records')})`, legend: 'dead letters' }],
        limits: { warn: 1 },
      }),
    )
    .withPanel(
      stat({
        title: 'Ledger',
        description:
          'read = delivered + filtered + dead-lettered + dropped + in flight, for every source and sink.',
        unit: 'none',
        width,
        words: { 0: 'out of balance', 1: 'balanced' },
        queries: [{ expr: `min(${metric('ledger_balanced')})`, legend: 'ledger' }],
      }),
    );
}

function sources(board: DashboardBuilder): void {
  board
    .withRow(new RowBuilder('Sources'))
    .withPanel(
      series({
        title: 'Logs Read',
        description: 'Logs read a second.',
        unit: 'ops',
        width: 8,
        queries: [{ expr: bySource('source_records_read_total'), legend: '{{source}}' }],
      }),
    )
    .withPanel(
      series({
        title: 'Bytes Read',
        description: 'Bytes read a second.',
        unit: 'Bps',
        width: 8,
        queries: [{ expr: bySource('source_bytes_read_total'), legend: '{{source}}' }],
      }),
    )
    .withPanel(
      series({
        title: 'Lag',
        description: 'How long ago there was as much to read as has been read by now.',
        unit: 's',
        width: 8,
        queries: [{ expr: `max by (source) (${metric('source_lag_seconds')})`, legend: '{{source}}' }],
      }),
    )
    .withPanel(
      series({
        title: 'Latency',
        description:
          'From reading a log until the last sink was done with it. The dots are logs with a trace: click one.',
        unit: 's',
        width: 12,
        queries: quantiles('source_latency_seconds', 'source', true),
      }),
    )
    .withPanel(
      heatmap({
        title: 'Latency, All Logs',
        description: 'How many logs took how long.',
        unit: 's',
        width: 12,
        queries: [
          {
            expr: `sum by (le) (${rate(metric('source_latency_seconds_bucket'))})`,
            legend: '',
            exemplar: true,
          },
        ],
      }),
    );
}

function sinks(board: DashboardBuilder): void {
  board
    .withRow(new RowBuilder('Sinks'))
    .withPanel(
      series({
        title: 'Logs Delivered',
        description: 'Logs acknowledged a second.',
        unit: 'ops',
        width: 8,
        queries: [{ expr: bySink('sink_records_delivered_total'), legend: '{{sink}}' }],
      }),
    )
    .withPanel(
      series({
        title: 'Time to Send',
        description: 'How long an attempt to send a batch took.',
        unit: 's',
        width: 8,
        queries: quantiles('sink_send_duration_seconds', 'sink', false),
      }),
    )
    .withPanel(
      series({
        title: 'Errors and Retries',
        description: 'Attempts a second that failed, by reason, and attempts that repeated one.',
        unit: 'ops',
        width: 8,
        queries: [
          {
            expr: `sum by (sink, reason) (${rate(metric('sink_errors_total'))})`,
            legend: '{{sink}}: {{reason}}',
          },
          { expr: bySink('sink_retries_total'), legend: '{{sink}}: retries' },
        ],
      }),
    )
    .withPanel(
      series({
        title: 'Breakers',
        description:
          '0: logs are sent. 1: the sink failed and is left alone for a while. Between: one batch tries.',
        unit: 'none',
        width: 6,
        max: 1,
        queries: [{ expr: `max by (sink) (${metric('sink_breaker_open')})`, legend: '{{sink}}' }],
      }),
    )
    .withPanel(
      series({
        title: 'Oldest Unacknowledged Batch',
        description: 'Age of the oldest batch that a sink is not done with.',
        unit: 's',
        width: 6,
        queries: [
          { expr: `max by (sink) (${metric('sink_oldest_unacknowledged_seconds')})`, legend: '{{sink}}' },
        ],
      }),
    )
    .withPanel(
      series({
        title: 'Batches',
        description: 'Batches waiting for the sink and being sent.',
        unit: 'none',
        width: 6,
        queries: [
          { expr: `sum by (sink) (${metric('sink_queued_batches')})`, legend: '{{sink}} waiting' },
          { expr: `sum by (sink) (${metric('sink_sending_batches')})`, legend: '{{sink}} being sent' },
        ],
      }),
    )
    .withPanel(
      series({
        title: 'Buffers on Disk',
        description: 'Share of its room that a buffer has taken. Only sinks with a buffer.',
        unit: 'percentunit',
        width: 6,
        max: 1,
        queries: [
          {
            expr: `max by (sink) (${metric('sink_buffer_bytes')} / ${metric('sink_buffer_max_bytes')})`,
            legend: '{{sink}}',
          },
        ],
      }),
    );
}

function ledger(board: DashboardBuilder): void {
  const ends = ['delivered', 'filtered', 'dead_lettered'] as const;
  board
    .withRow(new RowBuilder('Ledger'))
    .withPanel(
      series({
        title: 'How Logs Ended',
        description: 'Each log read ends in one of these ways; until then it is in flight.',
        unit: 'ops',
        width: 8,
        stacked: true,
        queries: [
          ...ends.map((end) => ({
            expr: `sum(${rate(metric(`source_records_${end}_total`))})`,
            legend: end.replace('_', '-'),
          })),
          { expr: `sum(${rate(metric('source_records_dropped_total'))})`, legend: 'dropped' },
        ],
      }),
    )
    .withPanel(
      series({
        title: 'In Flight',
        description: 'Logs read that have not reached their end in every sink.',
        unit: 'none',
        width: 8,
        queries: [{ expr: `sum by (source) (${metric('source_records_in_flight')})`, legend: '{{source}}' }],
      }),
    )
    .withPanel(
      series({
        title: 'Dropped, by Reason',
        description: 'Logs given up a second. Any is a loss; the runbook says what each reason means.',
        unit: 'ops',
        width: 8,
        queries: [
          {
            expr: `sum by (sink, reason) (${rate(metric('sink_records_dropped_total'))}) > 0`,
            legend: '{{sink}}: {{reason}}',
          },
        ],
      }),
    );
}

function agent(board: DashboardBuilder): void {
  const process = (name: string) => `${name}{${AGENTS}}`;
  board
    .withRow(new RowBuilder('Agent'))
    .withPanel(
      series({
        title: 'Processor',
        description: 'Cores that the process uses; of these, what tracing takes.',
        unit: 'none',
        width: 6,
        queries: [
          {
            expr: `sum by (instance) (${rate(process('process_cpu_seconds_total'))})`,
            legend: '{{instance}}',
          },
          {
            expr: `sum by (instance) (${rate(metric('tracing_cpu_seconds_total'))})`,
            legend: '{{instance}} tracing',
          },
        ],
      }),
    )
    .withPanel(
      series({
        title: 'Memory',
        description: 'Memory of the process in RAM.',
        unit: 'bytes',
        width: 6,
        queries: [
          { expr: `sum by (instance) (${process('process_resident_memory_bytes')})`, legend: '{{instance}}' },
        ],
      }),
    )
    .withPanel(
      series({
        title: 'Slots Free',
        description: 'Share of the memory for batches that is free; at 0 the sources wait for the sinks.',
        unit: 'percentunit',
        width: 6,
        max: 1,
        queries: [
          {
            expr: `min by (instance) (${metric('dispatcher_slots_free')} / ${metric('dispatcher_slots')})`,
            legend: '{{instance}}',
          },
        ],
      }),
    )
    .withPanel(
      series({
        title: 'Configuration',
        description: 'Reloads an hour, by result; and keys that wait for a restart.',
        unit: 'none',
        width: 6,
        queries: [
          {
            expr: `sum by (result) (increase(${metric('config_reloads_total')}[1h]))`,
            legend: '{{result}}',
          },
          {
            expr: `max by (instance) (${metric('config_restart_required')})`,
            legend: '{{instance}} restart',
          },
        ],
      }),
    );
}
