/** The process and its Node, under the names that Prometheus clients use. Values: process-metrics.ts. */
import type { Definition } from './definition.ts';

export const processMetrics = {
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
