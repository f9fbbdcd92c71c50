/** Batches and the memory they live in. Values: status-metrics.ts, pipeline-metrics.ts. */
import { BYTES, RECORDS } from './buckets.ts';
import type { Definition } from './definition.ts';

export const dispatcherMetrics = {
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
} as const satisfies Record<string, Definition>;
