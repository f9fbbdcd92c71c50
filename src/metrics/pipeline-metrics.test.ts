import { expect, test } from 'vitest';
import { RetryableError } from '../component/errors.ts';
import { sampleStatus } from '../component/sample-status.ts';
import type { Batch } from '../record/batch.ts';
import type { Attempt, Delivery } from '../record/delivery.ts';
import type { Segment } from '../record/segment.ts';
import { PipelineMetrics } from './pipeline-metrics.ts';
import { Samples } from './samples.ts';

const LATENCY = 'log_capturer_source_latency_seconds';

function segment(options: { readAt: number; count: number; source?: string; live?: Uint32Array }): Segment {
  const stream = {
    id: '/var/log/a.log',
    source: options.source ?? 'nginx',
    sourceType: 'file',
    labels: {},
    commit() {},
  };
  return {
    stream,
    index: 0,
    first: 0,
    count: options.count,
    bytes: options.count * 10,
    address: 0,
    readAt: options.readAt,
    from: 0,
    position: 0,
    live: options.live ?? null,
    rewritten: false,
    traced: null,
  };
}

function batch(segments: Segment[]): Batch {
  const count = segments.reduce((total, { count }) => total + count, 0);
  return {
    id: 1,
    slot: undefined as never,
    segments: segments.map((each, index) => Object.assign(each, { index })),
    count,
    bytes: count * 10,
    fields: null,
    hasSeverities: false,
    hasTimestamps: false,
    hasContexts: false,
    openedAt: 0,
    sealedAt: 0,
    processedAt: 0,
  };
}

function delivery(of: Batch, sink: string, attempts: Attempt[], segments = of.segments): Delivery {
  return { batch: of, sink, segments, records: 0, bytes: 0, attempts, accepted: 0 };
}

/** Series of a metric as `labels → value`, those that are 0 left out. */
function valuesOf(metrics: PipelineMetrics, name: string): Record<string, number> {
  const samples = new Samples();
  metrics.collect(samples, sampleStatus);
  const values = [...samples.entries()].find(([metric]) => metric === name)![1];
  return Object.fromEntries(
    values
      .filter(({ value }) => value !== 0)
      .map(({ metricName, labels, value }) => [
        `${metricName?.slice(name.length) ?? ''}{${Object.values(labels).join()}}`,
        value,
      ]),
  );
}

test('latency counts every live record, from its reading to the end of its last sink', () => {
  const metrics = new PipelineMetrics();
  const whole = batch([segment({ readAt: 100, count: 5, live: new Uint32Array([0, 2, 3]) })]);
  metrics.completed(whole, [
    delivery(whole, 'archive', [{ startedAt: 150, endedAt: 200 }]),
    delivery(whole, 'loki', [{ startedAt: 150, endedAt: 2100 }]),
  ]);
  expect(valuesOf(metrics, LATENCY)).toMatchObject({ '_count{nginx}': 3, '_sum{nginx}': 6 });
  expect(valuesOf(metrics, LATENCY)).not.toHaveProperty('_bucket{nginx,1}');
  expect(valuesOf(metrics, LATENCY)).toHaveProperty('_bucket{nginx,2.5}', 3);
});

test('a segment waits only for the sinks that selected it', () => {
  const metrics = new PipelineMetrics();
  const fast = segment({ readAt: 0, count: 1 });
  const slow = segment({ readAt: 0, count: 1 });
  const both = batch([fast, slow]);
  metrics.completed(both, [
    delivery(both, 'archive', [{ startedAt: 0, endedAt: 1000 }]),
    delivery(both, 'loki', [{ startedAt: 0, endedAt: 4000 }], [slow]),
  ]);
  expect(valuesOf(metrics, LATENCY)).toMatchObject({ '_count{nginx}': 2, '_sum{nginx}': 5 });
});

test('records that no sink selected have no latency', () => {
  const metrics = new PipelineMetrics();
  metrics.completed(batch([segment({ readAt: 0, count: 4 })]), []);
  expect(valuesOf(metrics, LATENCY)).toEqual({});
});

test('an earlier, larger batch leaves nothing behind in a later one', () => {
  const metrics = new PipelineMetrics();
  const large = batch(Array.from({ length: 200 }, () => segment({ readAt: 0, count: 1 })));
  metrics.completed(large, [delivery(large, 'archive', [{ startedAt: 0, endedAt: 1000 }])]);
  metrics.completed(batch([segment({ readAt: 0, count: 7 })]), []);
  expect(valuesOf(metrics, LATENCY)).toHaveProperty('_count{nginx}', 200);
});

test('sources and sinks that are not configured any more are not exposed', () => {
  const metrics = new PipelineMetrics();
  const gone = batch([segment({ readAt: 0, count: 4, source: 'gone' })]);
  const sent = delivery(gone, 'gone', [{ startedAt: 0, endedAt: 1000, error: new Error('broken') }]);
  metrics.attempted(sent);
  metrics.completed(gone, [sent]);
  expect(valuesOf(metrics, LATENCY)).toEqual({});
  expect(valuesOf(metrics, 'log_capturer_sink_errors_total')).toEqual({});
});

test('a sealed batch counts by its bytes and its records', () => {
  const metrics = new PipelineMetrics();
  metrics.sealed(batch([segment({ readAt: 0, count: 500 })]));
  expect(valuesOf(metrics, 'log_capturer_dispatcher_batch_bytes')).toMatchObject({ '_sum{}': 5000 });
  expect(valuesOf(metrics, 'log_capturer_dispatcher_batch_records')).toMatchObject({
    '_sum{}': 500,
    '_count{}': 1,
  });
});

test('an attempt counts with its own duration, not that of those before it', () => {
  const metrics = new PipelineMetrics();
  const sent = delivery(batch([]), 'loki', [
    { startedAt: 0, endedAt: 9000 },
    { startedAt: 10_000, endedAt: 10_500 },
  ]);
  metrics.attempted(sent);
  expect(valuesOf(metrics, 'log_capturer_sink_send_duration_seconds')).toMatchObject({
    '_sum{loki}': 0.5,
    '_count{loki}': 1,
  });
});

test('failed attempts count by the reason of their error', () => {
  const metrics = new PipelineMetrics();
  const fail = (error: Error) =>
    metrics.attempted(delivery(batch([]), 'loki', [{ startedAt: 0, endedAt: 1, error }]));
  fail(new RetryableError('refused by 127.0.0.1:3100', { reason: 'refused' }));
  fail(new RetryableError('refused by 127.0.0.1:3100', { reason: 'refused' }));
  fail(new TypeError('a fault in our own code'));
  expect(valuesOf(metrics, 'log_capturer_sink_errors_total')).toEqual({
    '{loki,refused}': 2,
    '{loki,unexpected}': 1,
  });
});

test('a sink with ever new reasons does not make ever new series', () => {
  const metrics = new PipelineMetrics();
  for (let index = 0; index < 1000; index++) {
    const error = new RetryableError('odd', { reason: `reason ${index}` });
    metrics.attempted(delivery(batch([]), 'loki', [{ startedAt: 0, endedAt: 1, error }]));
  }
  const counts = valuesOf(metrics, 'log_capturer_sink_errors_total');
  expect(Object.keys(counts)).toHaveLength(33);
  expect(counts).toHaveProperty('{loki,other}', 968);
});

test('a batch counts for each sink by what the sink was given of it', () => {
  const metrics = new PipelineMetrics();
  const parts = [segment({ readAt: 0, count: 30 }), segment({ readAt: 500, count: 10 })];
  const both = batch(parts);
  metrics.settled(delivery(both, 'archive', [{ startedAt: 0, endedAt: 1000 }], [parts[1]!]));
  expect(valuesOf(metrics, 'log_capturer_sink_batch_records')).toMatchObject({ '_count{archive}': 1 });
  expect(valuesOf(metrics, 'log_capturer_sink_latency_seconds')).toMatchObject({
    '_sum{archive}': 5,
    '_count{archive}': 10,
    '_bucket{archive,0.5}': 10,
  });
});

test('the sink has not been given what went to its disk buffer', () => {
  const metrics = new PipelineMetrics();
  const whole = batch([segment({ readAt: 0, count: 5 })]);
  const failed = { startedAt: 0, endedAt: 1000, error: new RetryableError('down', { reason: 'refused' }) };
  metrics.settled({ ...delivery(whole, 'archive', [failed]), stored: true });
  expect(valuesOf(metrics, 'log_capturer_sink_latency_seconds')).toEqual({});
  expect(valuesOf(metrics, 'log_capturer_sink_batch_records')).toEqual({});
});

test('the oldest record of a source that not every sink is done with has an age', () => {
  let now = 2000;
  const metrics = new PipelineMetrics({ now: () => now });
  const age = () => valuesOf(metrics, 'log_capturer_source_oldest_unacknowledged_seconds')['{nginx}'] ?? 0;
  expect(age()).toBe(0);
  const old = batch([segment({ readAt: 1000, count: 1 })]);
  const young = batch([segment({ readAt: 1500, count: 1 })]);
  metrics.sealed(old);
  metrics.sealed(young);
  expect(age()).toBe(1);
  now = 4000;
  metrics.completed(old, []);
  expect(age()).toBe(2.5);
  metrics.completed(young, []);
  expect(age()).toBe(0);
});
