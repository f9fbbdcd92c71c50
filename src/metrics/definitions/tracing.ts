/** What tracing does and costs. Values: tracing-metrics.ts. */
import type { Definition } from './definition.ts';

export const tracingMetrics = {
  log_capturer_tracing_mode: {
    type: 'gauge',
    help: '1 for the mode that tracing is in, 0 for the others.',
    labels: ['mode'],
  },
  log_capturer_tracing_overrides_active: {
    type: 'gauge',
    help: 'Settings of tracing that were changed at run time and differ from the configuration until they are taken back.',
    labels: [],
  },
  log_capturer_tracing_sampling_rate: {
    type: 'gauge',
    help: 'Share of logs, 0 to 1, that are traced now when no rule and nothing particular is known about them.',
    labels: [],
  },
  log_capturer_tracing_logs_traced_total: {
    type: 'counter',
    help: 'Logs that were traced; divide by `log_capturer_logs_processed_total` for their share.',
    labels: [],
  },
  log_capturer_tracing_logs_traced_by_reason_total: {
    type: 'counter',
    help: 'Logs that were traced, by why.',
    labels: ['reason'],
  },
  log_capturer_tracing_parents_turned_away_total: {
    type: 'counter',
    help: 'Logs with a sampled context that were not traced for it: `tracing.max_parent_traces_per_second`, or what `max_overhead` leaves of it, was reached. The tail may still keep them.',
    labels: [],
  },
  log_capturer_tracing_spans_created_total: {
    type: 'counter',
    help: 'Spans written, whether or not an exporter took them.',
    labels: ['span_type'],
  },
  log_capturer_tracing_spans_exported_total: {
    type: 'counter',
    help: 'Spans that trace backends have accepted; a span counts once for each exporter.',
    labels: [],
  },
  log_capturer_tracing_spans_dropped_total: {
    type: 'counter',
    help: 'Spans that no trace backend will get, by reason: `queue_full`, `export_failed` or `shutdown`; once for each exporter.',
    labels: ['reason'],
  },
  log_capturer_tracing_spans_queued: {
    type: 'gauge',
    help: 'Spans waiting for export, over all exporters.',
    labels: [],
  },
  log_capturer_tracing_on_demand_rules_active: {
    type: 'gauge',
    help: 'On-demand rules in force.',
    labels: [],
  },
  log_capturer_tracing_adaptive_sampling_active: {
    type: 'gauge',
    help: '1 while adaptive sampling traces more logs of the agent, a source or a sink, 0 otherwise.',
    labels: [],
  },
  log_capturer_tracing_adaptive_p99_seconds: {
    type: 'gauge',
    help: 'What adaptive sampling compares with its threshold: 99th percentile, at the last check, of the time from reading a log to its acknowledgement.',
    labels: [],
  },
  log_capturer_tracing_cpu_seconds_total: {
    type: 'counter',
    help: 'Processor time that choosing logs and writing spans has taken; exporting them is not in it.',
    labels: [],
  },
  log_capturer_tracing_overhead_ratio: {
    type: 'gauge',
    help: 'Processor time of tracing by that of everything else in the agent, at the last check (every 5 s).',
    labels: [],
  },
  log_capturer_tracing_overhead_factor: {
    type: 'gauge',
    help: 'What `tracing.max_overhead` leaves of every rate: 1 while it limits nothing.',
    labels: [],
  },
  log_capturer_tracing_store_spans: {
    type: 'gauge',
    help: 'Spans that the agent remembers for `/api/traces`.',
    labels: [],
  },
  log_capturer_tracing_store_overwritten_spans_total: {
    type: 'counter',
    help: 'Spans that it has forgotten to make room for newer ones.',
    labels: [],
  },
  log_capturer_tracing_store_memory_bytes: {
    type: 'gauge',
    help: 'Memory reserved for spans (`tracing.store.memory`).',
    labels: [],
  },
} as const satisfies Record<string, Definition>;
