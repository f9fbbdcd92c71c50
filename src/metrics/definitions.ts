/**
 * Every metric of the agent: what it is called, what it counts and how it is labelled. docs/reference/metrics.md is
 * generated from here. Values are given elsewhere (status-metrics.ts, pipeline-metrics.ts, tracing-metrics.ts,
 * process-metrics.ts); a name or a label that is not declared here does not compile there.
 */

export interface Definition {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly Label[];
  /** Upper bounds of a histogram's buckets, ascending; a last one without bound is implied. */
  readonly buckets?: readonly number[];
}

/** Every label, and why its number of values is bounded. A file's path is never a label. */
export const labels = {
  source: 'Id of a configured source.',
  sink: 'Id of a configured sink.',
  component: '`source` or `sink`.',
  id: 'Id of that source or sink.',
  reason:
    'A short fixed word, such as `refused`, `timeout` or `5xx`; at most 32 for a sink, further ones are counted as `other`. Of tracing: one of seven reasons to trace a log, or of three to drop a span.',
  name: 'Name of a counter or fact that only this type of component has.',
  mode: '`off`, `system-only`, `hybrid` or `full-e2e`.',
  span_type: '`log`: spans of single logs; `system`: spans of batches.',
  version: 'Version of the agent.',
  node: 'Version of Node it runs on.',
} as const;

export type Label = keyof typeof labels;

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800];
const SEND_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const BYTES = [1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20];
const RECORDS = [1, 10, 100, 1000, 5000, 10_000, 50_000, 100_000];

export const definitions = {
  log_capturer_build_info: {
    type: 'gauge',
    help: 'Always 1; what runs is in the labels.',
    labels: ['version', 'node'],
  },
  log_capturer_logs_processed_total: {
    type: 'counter',
    help: 'Records that left the dispatcher: acknowledged by every sink, filtered, dead-lettered or dropped.',
    labels: [],
  },
  log_capturer_bytes_processed_total: {
    type: 'counter',
    help: 'Bytes, as read, of the records that left the dispatcher.',
    labels: [],
  },

  log_capturer_source_up: {
    type: 'gauge',
    help: '0 when the source has stopped, 1 otherwise.',
    labels: ['source'],
  },
  log_capturer_source_records_read_total: {
    type: 'counter',
    help: 'Records read: delivered + filtered + dead-lettered + dropped + in flight.',
    labels: ['source'],
  },
  log_capturer_source_bytes_read_total: {
    type: 'counter',
    help: 'Bytes read, line terminators included.',
    labels: ['source'],
  },
  log_capturer_source_records_delivered_total: {
    type: 'counter',
    help: 'Records that every sink which selects them has acknowledged.',
    labels: ['source'],
  },
  log_capturer_source_records_filtered_total: {
    type: 'counter',
    help: 'Records that a processor held back on purpose.',
    labels: ['source'],
  },
  log_capturer_source_records_dead_lettered_total: {
    type: 'counter',
    help: 'Records that a sink refused for good and that were kept as dead letters.',
    labels: ['source'],
  },
  log_capturer_source_records_dropped_total: {
    type: 'counter',
    help: 'Records that were given up, by reason.',
    labels: ['source', 'reason'],
  },
  log_capturer_source_records_in_flight: {
    type: 'gauge',
    help: 'Records read that have not reached their end in every sink.',
    labels: ['source'],
  },
  log_capturer_source_lag_bytes: {
    type: 'gauge',
    help: 'Bytes known to exist in all streams of the source that have not been read.',
    labels: ['source'],
  },
  log_capturer_source_streams: {
    type: 'gauge',
    help: 'Streams of the source: files, containers or connections.',
    labels: ['source'],
  },
  log_capturer_source_latency_seconds: {
    type: 'histogram',
    help: 'Time from reading a record until the last sink was done with it; every record counts once.',
    labels: ['source'],
    buckets: SECONDS,
  },
  log_capturer_source_detail: {
    type: 'gauge',
    help: 'Counters and facts that only this type of source has.',
    labels: ['source', 'name'],
  },

  log_capturer_sink_up: {
    type: 'gauge',
    help: '1 while the sink accepts what it is given, 0 when it is retrying or has stopped.',
    labels: ['sink'],
  },
  log_capturer_sink_records_read_total: {
    type: 'counter',
    help: 'Records given to the sink: delivered + filtered + dead-lettered + dropped + in flight.',
    labels: ['sink'],
  },
  log_capturer_sink_bytes_read_total: {
    type: 'counter',
    help: 'Bytes, as read from their sources, of the records given to the sink.',
    labels: ['sink'],
  },
  log_capturer_sink_records_delivered_total: {
    type: 'counter',
    help: 'Records that the sink has acknowledged.',
    labels: ['sink'],
  },
  log_capturer_sink_records_filtered_total: {
    type: 'counter',
    help: 'Records that were held back from the sink on purpose.',
    labels: ['sink'],
  },
  log_capturer_sink_records_dead_lettered_total: {
    type: 'counter',
    help: 'Records that the sink refused for good and that were kept as dead letters.',
    labels: ['sink'],
  },
  log_capturer_sink_records_dropped_total: {
    type: 'counter',
    help: 'Records that were given up, by reason.',
    labels: ['sink', 'reason'],
  },
  log_capturer_sink_records_in_flight: {
    type: 'gauge',
    help: 'Records given to the sink that it is not done with.',
    labels: ['sink'],
  },
  log_capturer_sink_attempts_total: {
    type: 'counter',
    help: 'Attempts to send a batch, first ones and retries.',
    labels: ['sink'],
  },
  log_capturer_sink_retries_total: {
    type: 'counter',
    help: 'Attempts that repeated a failed one.',
    labels: ['sink'],
  },
  log_capturer_sink_errors_total: {
    type: 'counter',
    help: 'Attempts that failed, by reason.',
    labels: ['sink', 'reason'],
  },
  log_capturer_sink_send_duration_seconds: {
    type: 'histogram',
    help: 'How long an attempt to send a batch took, failed ones included.',
    labels: ['sink'],
    buckets: SEND_SECONDS,
  },
  log_capturer_sink_queued_batches: {
    type: 'gauge',
    help: 'Batches waiting for the sink.',
    labels: ['sink'],
  },
  log_capturer_sink_sending_batches: {
    type: 'gauge',
    help: 'Batches that the sink is sending.',
    labels: ['sink'],
  },
  log_capturer_sink_oldest_unacknowledged_seconds: {
    type: 'gauge',
    help: 'Age of the oldest batch that the sink is not done with; 0 when there is none.',
    labels: ['sink'],
  },
  log_capturer_sink_detail: {
    type: 'gauge',
    help: 'Counters and facts that only this type of sink has.',
    labels: ['sink', 'name'],
  },

  log_capturer_ledger_balanced: {
    type: 'gauge',
    help: '1 while read = delivered + filtered + dead-lettered + dropped + in flight, 0 when a record is unaccounted for.',
    labels: ['component', 'id'],
  },

  log_capturer_dispatcher_memory_bytes: {
    type: 'gauge',
    help: 'Memory reserved for batches (`dispatcher.memory`).',
    labels: [],
  },
  log_capturer_dispatcher_slots: {
    type: 'gauge',
    help: 'Slots that this memory is divided into; a batch needs one.',
    labels: [],
  },
  log_capturer_dispatcher_slots_free: {
    type: 'gauge',
    help: 'Slots that hold nothing; at 0 the sources wait.',
    labels: [],
  },
  log_capturer_dispatcher_batches_total: {
    type: 'counter',
    help: 'Batches that were formed.',
    labels: [],
  },
  log_capturer_dispatcher_batches_in_flight: {
    type: 'gauge',
    help: 'Batches that not every sink is done with.',
    labels: [],
  },
  log_capturer_dispatcher_records_in_flight: {
    type: 'gauge',
    help: 'Records in the dispatcher.',
    labels: [],
  },
  log_capturer_dispatcher_bytes_in_flight: {
    type: 'gauge',
    help: 'Bytes, as read, of the records in the dispatcher.',
    labels: [],
  },
  log_capturer_dispatcher_batch_bytes: {
    type: 'histogram',
    help: 'Bytes in a batch when it was sealed.',
    labels: [],
    buckets: BYTES,
  },
  log_capturer_dispatcher_batch_records: {
    type: 'histogram',
    help: 'Records in a batch when it was sealed.',
    labels: [],
    buckets: RECORDS,
  },

  log_capturer_tracing_mode: {
    type: 'gauge',
    help: '1 for the mode that tracing is in, 0 for the others.',
    labels: ['mode'],
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

  process_cpu_seconds_total: {
    type: 'counter',
    help: 'Processor time the process has used, user and system, in seconds.',
    labels: [],
  },
  process_resident_memory_bytes: {
    type: 'gauge',
    help: 'Memory of the process that is in RAM.',
    labels: [],
  },
  process_start_time_seconds: {
    type: 'gauge',
    help: 'When the process started, in seconds since 1970.',
    labels: [],
  },
  process_open_fds: {
    type: 'gauge',
    help: 'Open file descriptors (Linux only).',
    labels: [],
  },
  process_max_fds: {
    type: 'gauge',
    help: 'Most file descriptors the process may open (Linux only).',
    labels: [],
  },
  nodejs_heap_size_total_bytes: {
    type: 'gauge',
    help: 'Size of the JavaScript heap.',
    labels: [],
  },
  nodejs_heap_size_used_bytes: {
    type: 'gauge',
    help: 'Part of the JavaScript heap that is in use.',
    labels: [],
  },
  nodejs_external_memory_bytes: {
    type: 'gauge',
    help: 'Memory outside the JavaScript heap that it holds on to: buffers and kernel memory.',
    labels: [],
  },
  nodejs_eventloop_lag_mean_seconds: {
    type: 'gauge',
    help: 'Mean delay of the event loop since the last scrape, sampled every 100 ms.',
    labels: [],
  },
  nodejs_eventloop_lag_p99_seconds: {
    type: 'gauge',
    help: 'Delay of the event loop since the last scrape that 99 % of the samples stay under.',
    labels: [],
  },
  nodejs_eventloop_lag_max_seconds: {
    type: 'gauge',
    help: 'Longest delay of the event loop since the last scrape.',
    labels: [],
  },
} as const satisfies Record<string, Definition>;

export type MetricName = keyof typeof definitions;

type NamesOfType<Type> = {
  [Name in MetricName]: (typeof definitions)[Name]['type'] extends Type ? Name : never;
}[MetricName];

export type HistogramName = NamesOfType<'histogram'>;
export type ValueName = NamesOfType<'counter' | 'gauge'>;

/** Arguments that name a metric's series: an object with every label, or nothing where it has none. */
export type LabelArguments<Name extends MetricName> = (typeof definitions)[Name]['labels'] extends readonly []
  ? []
  : [labels: Readonly<Record<(typeof definitions)[Name]['labels'][number], string>>];
