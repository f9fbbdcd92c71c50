import { expect, test } from 'vitest';
import { RecordingLog } from '../../../test/fixtures/pipeline.ts';
import { CollectingExporter, TracingRig } from '../../../test/fixtures/tracing.ts';
import { tracesRun } from '../../../test/stubs/spans.ts';
import { FakeClock } from '../../component/fake-clock.ts';
import { Outlets } from './outlets.ts';

const sum = (counts: object) =>
  Object.values(counts).reduce((total: number, count) => total + Number(count), 0);

function expectBalance({ tracing }: TracingRig): void {
  for (const { created_spans, exported_spans, queued_spans, dropped_spans } of tracing.status().exporters) {
    expect(created_spans).toBe(exported_spans + queued_spans + sum(dropped_spans));
  }
}

test('spans that find no room because exporters hold the ring are dropped and counted', async () => {
  const rig = new TracingRig({ tracing: { mode: 'full-e2e' }, spanBytes: 2 ** 16 });
  rig.exporter.holding = true;
  const lines = Array.from({ length: 50 }, (_, i) => `line ${i}`);
  for (let batch = 0; batch < 8; batch++) {
    await rig.deliver(lines);
    expectBalance(rig);
  }
  const { spans_created, spans_dropped, spans_queued } = rig.tracing.status();
  expect(spans_created).toEqual({ log: 400, system: 16 });
  expect(spans_dropped.queue_full).toBeGreaterThan(0);
  expect(spans_queued + spans_dropped.queue_full).toBe(416);
  rig.exporter.release();
  rig.exporter.holding = false;
  await rig.deliver(lines);
  expectBalance(rig);
  expect(rig.tracing.status().spans_exported).toBe(spans_queued + 52);
});

test('that is logged once a minute, and names the setting', async () => {
  const log = new RecordingLog();
  const clock = new FakeClock();
  const outlets = new Outlets([new CollectingExporter()], log, clock);
  outlets.lose(3);
  outlets.lose(4);
  await clock.advance(60_000);
  outlets.lose(5);
  expect(log.lines.map(({ message, fields }) => [message, fields])).toEqual([
    [expect.stringContaining('tracing.store.memory'), { dropped_spans: 3 }],
    [expect.stringContaining('tracing.store.memory'), { dropped_spans: 12, warnings_not_shown: 1 }],
  ]);
});

test('an exporter that fails to take spans costs its spans and nothing else', async () => {
  const rig = new TracingRig({ tracing: { mode: 'full-e2e' } });
  rig.exporter.fault = new Error('a bug');
  await rig.deliver(['one', 'two']);
  expect(rig.tracing.status().spans_dropped.export_failed).toBe(4);
  expectBalance(rig);
  expect(rig.stream().commits).toEqual([8]);
  expect(rig.tracing.store.query().traces).toHaveLength(2);
});

test('each exporter is given every run, and counts for itself', () => {
  const [a, b] = [new CollectingExporter(), new CollectingExporter()];
  const outlets = new Outlets([a, b], new RecordingLog(), new FakeClock());
  b.holding = true;
  outlets.offer(tracesRun(3));
  outlets.lose(2);
  expect(outlets.status()).toMatchObject([
    { created_spans: 5, exported_spans: 3, queued_spans: 0, dropped_spans: { queue_full: 2 } },
    { created_spans: 5, exported_spans: 0, queued_spans: 3, dropped_spans: { queue_full: 2 } },
  ]);
  expect(outlets.totals()).toEqual({
    exported: 3,
    queued: 3,
    dropped: { queue_full: 4, export_failed: 0, shutdown: 0 },
  });
});

test('totals go on while an exporter is replaced', async () => {
  const [a, b] = [new CollectingExporter(), new CollectingExporter()];
  const outlets = new Outlets([a], new RecordingLog(), new FakeClock());
  a.holding = true;
  outlets.offer(tracesRun(3));
  outlets.lose(1);
  const replaced = outlets.replace([b], 1000);
  expect(outlets.totals()).toMatchObject({ dropped: { queue_full: 1 } });
  await replaced;
  outlets.offer(tracesRun(2));
  expect(outlets.totals()).toMatchObject({ exported: 5, queued: 0, dropped: { queue_full: 1 } });
  expect(outlets.status().map(({ created_spans }) => created_spans)).toEqual([2]);
});
