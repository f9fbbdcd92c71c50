/** Of each configured source. Values: status-metrics.ts, pipeline-metrics.ts. */
import { SECONDS } from './buckets.ts';
import type { Definition } from './definition.ts';

export const sourcesMetrics = {
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
  log_capturer_source_lag_seconds: {
    type: 'gauge',
    help: 'How long ago there was as much to read as the source has read by now; 0 when nothing is unread. Worked out at scrapes, so as exact as they are frequent.',
    labels: ['source'],
  },
  log_capturer_source_oldest_unacknowledged_seconds: {
    type: 'gauge',
    help: 'Time since the oldest record was read that not every sink is done with; 0 when there is none.',
    labels: ['source'],
  },
  log_capturer_source_streams: {
    type: 'gauge',
    help: 'Streams of the source: files, containers or connections.',
    labels: ['source'],
  },
  log_capturer_source_latency_seconds: {
    type: 'histogram',
    help: 'Time from reading a record until the last sink was done with it; every record counts once, but for those that went through a disk buffer. In OpenMetrics with exemplars: trace ids that `/api/traces/{id}` knows.',
    labels: ['source'],
    buckets: SECONDS,
  },
  log_capturer_source_detail: {
    type: 'gauge',
    help: 'Counters and facts that only this type of source has.',
    labels: ['source', 'name'],
  },
  log_capturer_processor_detail: {
    type: 'gauge',
    help: 'Counters that only this type of processor has; id: its type and its place among the processors of the source, from 1, such as filter_2.',
    labels: ['source', 'id', 'name'],
  },
} as const satisfies Record<string, Definition>;
