import type { AgentStatus, LedgerStatus } from './status.ts';

/**
 * An agent's status for tests of what shows it (metrics, HTTP, summary): one file source, one sink that works and one
 * that does not. Every optional field is there, so that a schema which forgets one is found out.
 */
export const sampleStatus: Complete<AgentStatus> = {
  version: '0.1.0',
  state: 'running',
  started_at: '2026-11-20T10:00:00.000Z',
  uptime_seconds: 12.5,
  config_file: '/etc/log-capturer/config.yaml',
  config: {
    file: '/etc/log-capturer/config.yaml',
    loaded_at: '2026-11-20T10:00:00.000Z',
    last_reload: {
      result: 'refused',
      trigger: 'watch',
      at: '2026-11-20T10:00:05.000Z',
      changes: [{ path: 'sinks.loki', action: 'replaced' }],
      problems: ['/etc/log-capturer/config.yaml:3:5: tracing.mode: expected "off"'],
      took_ms: 3,
    },
    reloads: { applied: 2, unchanged: 1, refused: 1 },
  },
  sources: [
    {
      id: 'nginx',
      type: 'file',
      state: 'running',
      streams: [
        { id: '/var/log/nginx/a.log', position: 900, committed: 800, size: 1000, lag_bytes: 100 },
        { id: '/var/log/nginx/b.log', position: 500, committed: 500, size: 550, lag_bytes: 50 },
      ],
      details: { rotations: 3, start_at: 'end' },
      processors: [
        { type: 'filter', label: 'filter (drop: text contains "x")', details: { passed: 90, removed: 10 } },
      ],
      ledger: ledger({ read: 100, read_bytes: 1400, delivered: 60, filtered: 10, in_flight: 22 }),
    },
  ],
  sinks: [
    {
      id: 'archive',
      type: 'file',
      state: 'ok',
      breaker: { state: 'closed', since: '2026-11-20T09:00:05.000Z', opened: 1, next_try_in_seconds: 0 },
      queued_batches: 0,
      sending_batches: 1,
      attempts: 7,
      retries: 0,
      last_error: { message: 'no space', reason: 'disk_full', at: '2026-11-20T09:00:00.000Z' },
      oldest_unacknowledged_seconds: 0.1,
      buffer: {
        bytes: 4096,
        max_bytes: 1_073_741_824,
        files: 1,
        records: 7,
        oldest_seconds: 62.5,
        full: false,
        damaged_places: 1,
        damaged_bytes: 99,
        damaged_records: 3,
      },
      details: { open_files: 2, path: 'data/out/nginx.log' },
      ledger: ledger({ read: 90, read_bytes: 1260, delivered: 70, in_flight: 12 }),
    },
    {
      id: 'loki',
      type: 'loki',
      state: 'retrying',
      breaker: { state: 'open', since: '2026-11-20T10:00:12.000Z', opened: 3, next_try_in_seconds: 1.5 },
      queued_batches: 3,
      sending_batches: 0,
      attempts: 9,
      retries: 4,
      last_error: { message: 'connect refused', reason: 'refused', at: '2026-11-20T10:00:12.000Z' },
      oldest_unacknowledged_seconds: 4.5,
      buffer: {
        bytes: 4096,
        max_bytes: 1_073_741_824,
        files: 1,
        records: 7,
        oldest_seconds: 62.5,
        full: false,
        damaged_places: 1,
        damaged_bytes: 99,
        damaged_records: 3,
      },
      details: { streams: 2 },
      ledger: ledger({ read: 90, read_bytes: 1260, delivered: 60, in_flight: 21, balanced: false }),
    },
  ],
  dead_letters: {
    enabled: true,
    records: 12,
    by_sink: { loki: 12 },
    bytes: 4096,
    max_bytes: 1_073_741_824,
    files: 1,
    written: 9,
    evicted: 3,
    replay: {
      state: 'done',
      request: { sink: 'loki', source: 'nginx', reason: 'too_old', to: 'archive' },
      started_at: '2026-11-20T10:00:01.000Z',
      finished_at: '2026-11-20T10:00:02.000Z',
      error: 'there is no sink archive',
      sent: 4,
      refused: 1,
      left_aside: 2,
      bytes_done: 2048,
      bytes_total: 4096,
    },
  },
  dispatcher: {
    memory_bytes: 67_108_864,
    slots: 32,
    slots_free: 28,
    batches: 12,
    batches_in_flight: 4,
    records_in_flight: 22,
    bytes_in_flight: 308,
    records_done: 78,
    bytes_done: 1092,
  },
};

function ledger(counts: Partial<LedgerStatus>): Complete<LedgerStatus> {
  return {
    read: 0,
    read_bytes: 0,
    delivered: 0,
    filtered: 0,
    dead_lettered: 5,
    dropped: { too_old: 2, shutdown: 1 },
    in_flight: 0,
    buffered: 0,
    balanced: true,
    ...counts,
  };
}

type Complete<Value> = Value extends object ? { [Key in keyof Value]-?: Complete<Value[Key]> } : Value;
