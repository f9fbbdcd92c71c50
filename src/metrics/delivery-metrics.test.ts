import { expect, test } from 'vitest';
import { sampleStatus } from '../component/sample-status.ts';
import type { AgentStatus } from '../component/status.ts';
import { deliveryMetrics } from './delivery-metrics.ts';
import { Samples } from './samples.ts';

type SinkStatus = AgentStatus['sinks'][number];

const LETTERS = {
  records: 3,
  by_sink: { loki: 3 },
  bytes: 900,
  max_bytes: 1000,
  files: 1,
  written: 5,
  evicted: 2,
};
const BUFFER = {
  bytes: 10,
  max_bytes: 100,
  files: 1,
  records: 4,
  oldest_seconds: 5,
  full: true,
  damaged_places: 1,
  damaged_bytes: 7,
  damaged_records: 0,
};

function valuesOf(sink: Partial<SinkStatus>, status: Partial<AgentStatus> = {}): Record<string, number> {
  const samples = new Samples();
  const sinks = [{ ...sampleStatus.sinks[0]!, ...sink, id: 'loki' }];
  deliveryMetrics.collect(samples, { ...sampleStatus, ...status, sinks });
  return Object.fromEntries(
    [...samples.entries()].flatMap(([name, values]) =>
      values.map(({ value, labels }) => [
        `${name.replace('log_capturer_', '')} ${Object.values(labels).join()}`.trim(),
        value,
      ]),
    ),
  );
}

test.each([
  ['closed', 0],
  ['half_open', 0.5],
  ['open', 1],
] as const)('a breaker that is %s is %d', (state, expected) => {
  const breaker = { state, since: '2026-11-20T10:00:00.000Z', opened: 6 };
  expect(valuesOf({ breaker })).toMatchObject({
    'sink_breaker_open loki': expected,
    'sink_breaker_openings_total loki': 6,
  });
});

test('a buffer on disk has its room, what is in it, and its damage', () => {
  expect(valuesOf({ buffer: BUFFER })).toMatchObject({
    'sink_buffer_bytes loki': 10,
    'sink_buffer_max_bytes loki': 100,
    'sink_buffer_records loki': 4,
    'sink_buffer_full loki': 1,
    'sink_buffer_damaged_places_total loki': 1,
  });
});

test('a sink without a buffer has no series of one', () => {
  const { buffer: _, ...sink } = sampleStatus.sinks[0]!;
  const samples = new Samples();
  deliveryMetrics.collect(samples, { ...sampleStatus, sinks: [sink] });
  const written = [...samples.entries()].filter(([, values]) => values.length > 0).map(([name]) => name);
  expect(written).toContain('log_capturer_sink_breaker_open');
  expect(written.filter((name) => name.includes('buffer'))).toEqual([]);
});

test('dead letters: those kept, their room, and those written and evicted since the start', () => {
  expect(valuesOf({}, { dead_letters: { ...sampleStatus.dead_letters, ...LETTERS } })).toMatchObject({
    dead_letters_records: 3,
    dead_letters_bytes: 900,
    dead_letters_max_bytes: 1000,
    dead_letters_written_total: 5,
    dead_letters_evicted_total: 2,
  });
});
