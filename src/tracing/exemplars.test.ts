import { expect, test } from 'vitest';
import { filter, TracingRig } from '../../test/fixtures/tracing.ts';

test('every log run of the store gives a log whose trace is known', async () => {
  const rig = new TracingRig({ tracing: { mode: 'full-e2e' } });
  await rig.deliver(['one', 'two']);
  await rig.deliver(['three'], rig.stream('b'));
  const logs = [...rig.tracing.tracedLogs()];
  expect(logs.map(({ source, seconds }) => [source, seconds])).toEqual([
    ['b', 0.25],
    ['a', 0.25],
  ]);
  for (const log of logs) {
    const trace = rig.tracing.trace(log.traceId())!.traces[0]!;
    expect(trace.source).toBe(log.source);
    expect(Date.parse(trace.started_at) + trace.duration_ms).toBe(log.endedAtMs);
  }
});

test('filtered logs and spans of batches are no examples', async () => {
  const rig: TracingRig = new TracingRig({
    tracing: { mode: 'full-e2e' },
    processors: [
      filter(
        () => rig.kernel,
        () => false,
      ),
    ],
  });
  await rig.deliver(['one']);
  expect(rig.tracing.status().store.spans).toBeGreaterThan(0);
  expect([...rig.tracing.tracedLogs()]).toEqual([]);
});

test('a trace that has made room for others is none either', async () => {
  const rig = new TracingRig({ tracing: { mode: 'full-e2e', log_spans: 'waterfall' }, spanBytes: 2 ** 20 });
  const lines = Array.from({ length: 500 }, (_, i) => `line ${i}`);
  for (let i = 0; i < 10; i++) await rig.deliver(lines);
  expect(rig.tracing.status().store.overwritten_spans).toBeGreaterThan(0);
  const ids = [...rig.tracing.tracedLogs()].map((log) => log.traceId());
  expect(ids.length).toBeGreaterThan(0);
  for (const id of ids) expect(rig.tracing.trace(id)).not.toBeNull();
});
