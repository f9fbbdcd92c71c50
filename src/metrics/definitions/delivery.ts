/** Of what sinks cannot take: breakers, buffers on disk, dead letters. Values: delivery-metrics.ts. */
import type { Definition } from './definition.ts';

export const deliveryMetrics = {
  log_capturer_sink_breaker_open: {
    type: 'gauge',
    help: '0 while the sink works, 1 while nothing is sent to it because it failed, 0.5 while one batch tries whether it works again.',
    labels: ['sink'],
  },
  log_capturer_sink_breaker_openings_total: {
    type: 'counter',
    help: 'How often the sink began to fail.',
    labels: ['sink'],
  },
  log_capturer_sink_buffer_bytes: {
    type: 'gauge',
    help: 'Bytes of the files of the buffer on disk; only of sinks that have one.',
    labels: ['sink'],
  },
  log_capturer_sink_buffer_max_bytes: {
    type: 'gauge',
    help: 'Most bytes that the buffer on disk may take (`buffer.max_bytes`).',
    labels: ['sink'],
  },
  log_capturer_sink_buffer_records: {
    type: 'gauge',
    help: 'Records in the buffer on disk, or read back and not delivered yet.',
    labels: ['sink'],
  },
  log_capturer_sink_buffer_full: {
    type: 'gauge',
    help: '1 while logs wait in memory because the buffer on disk has no room, 0 otherwise.',
    labels: ['sink'],
  },
  log_capturer_sink_buffer_damaged_places_total: {
    type: 'counter',
    help: 'Damage found in files of the buffer on disk.',
    labels: ['sink'],
  },
  log_capturer_dead_letters_records: {
    type: 'gauge',
    help: 'Dead letters kept that were not sent again yet, of earlier runs too.',
    labels: [],
  },
  log_capturer_dead_letters_bytes: {
    type: 'gauge',
    help: 'Bytes of the files of dead letters.',
    labels: [],
  },
  log_capturer_dead_letters_max_bytes: {
    type: 'gauge',
    help: 'Most bytes that dead letters may take (`dead_letters.max_bytes`).',
    labels: [],
  },
  log_capturer_dead_letters_written_total: {
    type: 'counter',
    help: 'Dead letters written since the start.',
    labels: [],
  },
  log_capturer_dead_letters_evicted_total: {
    type: 'counter',
    help: 'Dead letters deleted unsent to make room for newer ones.',
    labels: [],
  },
} as const satisfies Record<string, Definition>;
