/** Of each configured sink. Values: status-metrics.ts, pipeline-metrics.ts. */
import { BYTES, RECORDS, SECONDS } from './buckets.ts';
import type { Definition } from './definition.ts';

const SEND_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export const sinksMetrics = {
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
  log_capturer_sink_latency_seconds: {
    type: 'histogram',
    help: 'Time from reading a record until this sink was done with it; every record counts once, but for those that went through its disk buffer.',
    labels: ['sink'],
    buckets: SECONDS,
  },
  log_capturer_sink_batch_bytes: {
    type: 'histogram',
    help: 'Bytes, as read, that the sink was given at once.',
    labels: ['sink'],
    buckets: BYTES,
  },
  log_capturer_sink_batch_records: {
    type: 'histogram',
    help: 'Records that the sink was given at once.',
    labels: ['sink'],
    buckets: RECORDS,
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
} as const satisfies Record<string, Definition>;
