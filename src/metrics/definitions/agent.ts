/** What runs, and what it has done as a whole. */
import type { Definition } from './definition.ts';

export const agentMetrics = {
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
} as const satisfies Record<string, Definition>;
