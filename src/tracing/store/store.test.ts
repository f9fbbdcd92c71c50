import { describe, expect, test } from 'vitest';
import { filter, TracingRig } from '../../../test/fixtures/tracing.ts';
import { PermanentError } from '../../component/errors.ts';

const traced = (rig: TracingRig, query: Parameters<TracingRig['tracing']['store']['query']>[0] = {}) =>
  rig.tracing.store.query(query).traces;

describe('query', () => {
  test('returns whole traces, the newest first, each with its root last', async () => {
    const rig = new TracingRig({ tracing: { mode: 'full-e2e', log_spans: 'waterfall' } });
    await rig.deliver(['one', 'two']);
    await rig.deliver(['three']);
    const traces = traced(rig);
    expect(traces.map(({ spans }) => spans.at(-1)!.attributes.get('log.offset'))).toEqual([8n, 4n, 0n]);
    for (const { spans, traceId } of traces) {
      expect(spans.map(({ name }) => name)).toEqual(['dispatcher.queue', 'sink.out.send', 'log.process']);
      expect(new Set(spans.map((span) => span.traceId))).toEqual(new Set([traceId]));
    }
    expect(traces[2]).toMatchObject({
      type: 'log',
      startedAtMs: Date.UTC(2026, 10, 22, 18, 5, 11),
      durationMs: 250,
      meta: { sourceId: '/var/log/a.log', source: 'a', reason: 'mode', outcome: 'delivered' },
    });
  });

  test('a compact span is shown with what it leaves to its scope, and with the uid that a waterfall has', async () => {
    const shown = async (shape: string) => {
      const rig = new TracingRig({ tracing: { mode: 'full-e2e', log_spans: shape } });
      await rig.deliver(['one', 'two']);
      return traced(rig).map(({ spans }) => Object.fromEntries(spans.at(-1)!.attributes));
    };
    const [compact, waterfall] = [await shown('compact'), await shown('waterfall')];
    expect(compact[0]).toHaveProperty(['log.record.uid']);
    expect(compact).toEqual(waterfall);
  });

  test.each(['compact', 'waterfall'])('logs of a batch that is compressed: %s', async (log_spans) => {
    const rig = new TracingRig({ tracing: { mode: 'full-e2e', log_spans } });
    const lines = Array.from({ length: 100 }, (_, i) => `line ${i}`);
    await rig.deliver(lines);
    const found = traced(rig, { limit: 1000 });
    expect(found.map(({ spans }) => Number(spans.at(-1)!.attributes.get('log.size')))).toEqual(
      lines.map(({ length }) => length).reverse(),
    );
    const ids = Array.from(lines, (_, row) =>
      rig.kernel.traceId(rig.batch!.segments[0]!.traced!, 0n, row).toString('hex'),
    );
    expect(found.map(({ traceId }) => traceId)).toEqual(ids.toReversed());
    for (const id of ids) expect(rig.tracing.store.get(id)!.traces).toHaveLength(1);
    expect([...rig.tracing.tracedLogs()].map((log) => log.traceId())).toEqual([ids[0]]);
  });

  test('limit: the newest ones only', async () => {
    const rig = new TracingRig({ tracing: { mode: 'full-e2e' } });
    await rig.deliver(['one', 'two', 'three']);
    const found = rig.tracing.store.query({ limit: 2 });
    expect(found.traces.map(({ spans }) => spans[0]!.attributes.get('log.offset'))).toEqual([8n, 4n]);
    expect(found.incomplete).toBe(false);
  });

  test('by the stream or by the configured source', async () => {
    const rig = new TracingRig({ tracing: { mode: 'full-e2e' } });
    rig.read(['one'], rig.stream('a', '/var/log/x.log'));
    rig.read(['two'], rig.stream('a', '/var/log/y.log'));
    rig.read(['three'], rig.stream('b'));
    await rig.seal();
    await rig.answer();
    expect(traced(rig, { sourceId: '/var/log/y.log' })).toHaveLength(1);
    expect(traced(rig, { sourceId: 'a' })).toHaveLength(2);
    expect(traced(rig, { sourceId: 'z' })).toEqual([]);
  });

  test('by outcome and by reason', async () => {
    const rig: TracingRig = new TracingRig({
      tracing: { mode: 'full-e2e' },
      processors: [
        filter(
          () => rig.kernel,
          (line) => line !== 'noise',
        ),
      ],
    });
    await rig.deliver(['signal', 'noise', 'noise']);
    rig.read(['bad']);
    await rig.seal();
    await rig.answer(new PermanentError('no', { reason: 'refused' }));
    expect(traced(rig, { outcome: 'delivered' })).toHaveLength(1);
    expect(traced(rig, { outcome: 'filtered' })).toHaveLength(2);
    expect(traced(rig, { outcome: 'dropped' })).toHaveLength(1);
    expect(traced(rig, { outcome: 'dropped', reason: 'mode' })).toHaveLength(1);
    expect(traced(rig, { outcome: 'dropped', reason: 'on_demand' })).toEqual([]);
  });

  test('by trace id, together with what else is asked', async () => {
    const rig = new TracingRig({ tracing: { mode: 'full-e2e' } });
    await rig.deliver(['one', 'two']);
    const [newest] = traced(rig);
    const traceId = newest!.traceId;
    expect(traced(rig, { traceId })).toEqual([newest]);
    expect(traced(rig, { traceId, sourceId: 'a', outcome: 'delivered' })).toEqual([newest]);
    expect(traced(rig, { traceId, sourceId: 'b' })).toEqual([]);
    expect(traced(rig, { traceId, minDurationMs: 10_000 })).toEqual([]);
    expect(traced(rig, { traceId, type: 'system' })).toEqual([]);
    const [batch] = traced(rig, { type: 'system' });
    expect(traced(rig, { traceId: batch!.traceId })).toEqual([batch]);
  });

  test('by duration and by time', async () => {
    const rig = new TracingRig({ tracing: { mode: 'full-e2e' } });
    const began = rig.clock.toEpoch(rig.clock.now());
    await rig.deliver(['takes 250 ms']);
    rig.read(['takes 900 ms, from 250 on']);
    await rig.seal();
    await rig.answer(undefined, 700);
    expect(traced(rig, { minDurationMs: 251 }).map(({ durationMs }) => durationMs)).toEqual([900]);
    expect(traced(rig, { maxDurationMs: 250 }).map(({ durationMs }) => durationMs)).toEqual([250]);
    expect(traced(rig, { minDurationMs: 250, maxDurationMs: 900 })).toHaveLength(2);
    expect(traced(rig, { fromMs: began + 1 }).map(({ durationMs }) => durationMs)).toEqual([900]);
    expect(traced(rig, { toMs: began + 250 }).map(({ durationMs }) => durationMs)).toEqual([250]);
  });

  test('traces of batches', async () => {
    const rig = new TracingRig({ tracing: { mode: 'system-only' } });
    await rig.deliver(['one']);
    await rig.deliver(['two']);
    const batches = traced(rig, { type: 'system', minDurationMs: 250 });
    expect(batches.map(({ spans }) => spans.map(({ name }) => name))).toEqual(
      Array(2).fill(['sink.out.send', 'dispatcher.process_batch']),
    );
    expect(batches[0]).toMatchObject({ type: 'system', meta: null, durationMs: 250 });
    expect(traced(rig, { type: 'system', minDurationMs: 251 })).toEqual([]);
  });

  test('a question that matches nothing does not look at everything', async () => {
    const rig = new TracingRig({ tracing: { mode: 'system-only' }, spanBytes: 2 ** 24 });
    for (let batch = 0; batch < 6000; batch++) await rig.deliver(['one']);
    expect(rig.tracing.store.query({ type: 'system', minDurationMs: 1e9 })).toEqual({
      traces: [],
      incomplete: true,
    });
  });
});

describe('get', () => {
  test('a trace and the trace of the batch it was in', async () => {
    const rig = new TracingRig({ tracing: { mode: 'full-e2e' } });
    await rig.deliver(['one', 'two']);
    await rig.deliver(['three']);
    const [, second] = rig.named('log.process');
    const found = rig.tracing.store.get(second!.traceId)!;
    expect(found.traces.map(({ spans }) => spans.map(({ spanId }) => spanId))).toEqual([[second!.spanId]]);
    expect(found.linked.map(({ traceId }) => traceId)).toEqual([
      rig.named('dispatcher.process_batch')[0]!.traceId,
    ]);
  });

  test('the trace of a batch', async () => {
    const rig = new TracingRig({ tracing: { mode: 'full-e2e' } });
    await rig.deliver(['one']);
    const { traceId } = rig.named('dispatcher.process_batch')[0]!;
    expect(rig.tracing.store.get(traceId.toUpperCase())).toMatchObject({
      traces: [{ type: 'system', traceId }],
      linked: [],
    });
  });

  test('null for a trace that is unknown, overwritten, or no id at all', async () => {
    const rig = new TracingRig({ tracing: { mode: 'full-e2e' }, spanBytes: 2 ** 16 });
    await rig.deliver(['one']);
    const { traceId } = rig.named('log.process')[0]!;
    const { store } = rig.tracing;
    expect(store.get(traceId)).not.toBeNull();
    for (let batch = 0; batch < 100; batch++) await rig.deliver(['one']);
    expect(store.get(traceId)).toBeNull();
    expect(store.get('f'.repeat(32))).toBeNull();
    expect(store.get('not an id')).toBeNull();
    expect(store.status().overwritten_spans).toBeGreaterThan(0);
  });
});

test('logs of one request that follow each other share an id, and are found as the several logs they are', async () => {
  const context = Buffer.alloc(32, 7);
  context[25] = 1;
  const rig = new TracingRig({
    tracing: { mode: 'full-e2e', log_spans: 'waterfall' },
    processors: [
      {
        process(batch) {
          batch.hasContexts = true;
          for (let row = 0; row < batch.count; row++) batch.slot.contexts.set(context, row * 32);
        },
      },
    ],
  });
  await rig.deliver(['one', 'two', 'three']);
  const offsets = [8n, 4n, 0n];
  const found = rig.tracing.store.get('07'.repeat(16))!.traces;
  expect(found.map(({ spans }) => spans[0]!.attributes.get('log.offset'))).toEqual(offsets);
  expect(traced(rig).map(({ spans }) => spans[0]!.attributes.get('log.offset'))).toEqual(offsets);
});
