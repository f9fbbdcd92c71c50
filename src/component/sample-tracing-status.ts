/**
 * What tracing says of itself, for tests of what shows it (metrics, HTTP): busy, slow and limited. Every optional field
 * is there, so that a schema which forgets one is found out.
 */
export const sampleTracingStatus = {
  mode: 'hybrid',
  overrides: {
    mode: {
      value: 'hybrid',
      configured: 'off',
      since: '2026-11-20T10:00:00.000Z',
      expires_at: '2026-11-20T10:10:00.000Z',
      remaining_seconds: 570,
    },
    'tail.slow': { value: '2s', configured: '1s', since: '2026-11-20T10:00:00.000Z' },
  },
  log_tracing_rate: 0.5,
  effective_rate: 0.25,
  sampler: 'parent_based',
  log_spans: 'waterfall',
  logs_traced: 12,
  logs_traced_by_reason: {
    mode: 0,
    on_demand: 8,
    parent: 0,
    adaptive: 0,
    base_rate: 4,
    tail_slow: 0,
    tail_failed: 0,
  },
  parents_turned_away: 5,
  spans_created: { log: 48, system: 6 },
  spans_exported: 40,
  spans_dropped: { queue_full: 3, export_failed: 0, shutdown: 0 },
  spans_queued: 11,
  adaptive_sampling: {
    enabled: true,
    active: true,
    sample_rate: 0.1,
    agent: detector(1.75),
    sources: { nginx: detector(0.5) },
    sinks: { loki: detector(2) },
  },
  on_demand_rules: [
    {
      source_id: '/var/log/nginx/a.log',
      rate: 0.5,
      created_at: '2026-11-20T10:00:00.000Z',
      expires_at: '2026-11-20T10:10:00.000Z',
      remaining: '9m30s',
      remaining_seconds: 570,
      traces: 8,
      max_traces: 100,
      where: { level: 'warn', contains: 'checkout', matches: 'id=[0-9]+' },
      note: 'OPS-1',
    },
  ],
  exporters: [
    {
      type: 'otlp',
      endpoint: 'http://127.0.0.1:4318/v1/traces',
      created_spans: 54,
      queued_spans: 11,
      exported_spans: 40,
      dropped_spans: { queue_full: 3, export_failed: 0, shutdown: 0 },
      last_error: 'connect refused',
      last_error_at: '2026-11-20T10:00:12.000Z',
      last_exported_at: '2026-11-20T10:00:07.000Z',
    },
  ],
  store: { spans: 54, overwritten_spans: 7, memory_bytes: 67_108_864 },
  governor: {
    state: 'limiting',
    factor: 0.5,
    overhead: 0.06,
    max_overhead: 0.05,
    since: '2026-11-20T10:00:10.000Z',
  },
  cpu_seconds: 0.125,
} as const;

function detector(p99: number) {
  return {
    active: p99 > 1,
    p99_seconds: p99,
    threshold_seconds: 1,
    error_ratio: 0.25,
    logs: 1000,
    since: '2026-11-20T10:00:05.000Z',
    activations: 1,
  };
}
