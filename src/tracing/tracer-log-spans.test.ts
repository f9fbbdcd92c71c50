import { describe, expect, test } from 'vitest';
import { passAll, TracingRig, times } from '../../test/fixtures/tracing.ts';
import { PartialError, PermanentError, RetryableError } from '../component/errors.ts';

describe('CreateLogSpan', () => {
  test('waterfall: a root from reading to acknowledgement, with a child for each stage', async () => {
    const rig: TracingRig = new TracingRig({
      tracing: { mode: 'full-e2e', log_spans: 'waterfall' },
      processors: [passAll(() => rig)],
      sinks: ['loki', 'archive'],
    });
    rig.read(['one']);
    await rig.seal();
    await rig.clock.advance(30);
    await rig.sinks[0]!.answer();
    await rig.clock.advance(40);
    await rig.sinks[1]!.answer();
    const root = rig.named('log.process')[0]!;
    const trace = rig.spans.filter(({ traceId }) => traceId === root.traceId);
    expect(trace.map((span) => [span.name, span.kind, ...times(span)])).toEqual([
      ['dispatcher.queue', 1, 0, 200],
      ['processor.run', 1, 200, 200],
      ['sink.loki.send', 3, 200, 230],
      ['sink.archive.send', 3, 200, 270],
      ['log.process', 1, 0, 270],
    ]);
    expect(trace.slice(0, -1).map(({ parentSpanId }) => parentSpanId)).toEqual(Array(4).fill(root.spanId));
    expect(root.parentSpanId).toBeUndefined();
    expect(new Set(trace.map(({ spanId }) => spanId)).size).toBe(5);
    expect(root.events).toEqual([]);
  });

  test('a source without processors has no processor.run', async () => {
    const rig: TracingRig = new TracingRig({
      tracing: { mode: 'full-e2e', log_spans: 'waterfall' },
      processors: [passAll(() => rig)],
    });
    await rig.deliver(['one'], rig.stream('b'));
    expect(rig.named('processor.run')).toEqual([]);
  });

  test('compact: one span with the stages as events', async () => {
    const rig: TracingRig = new TracingRig({
      tracing: { mode: 'full-e2e', log_spans: 'compact' },
      processors: [passAll(() => rig)],
    });
    await rig.deliver(['one']);
    const [root, ...others] = rig.spans.filter(({ name }) => name !== 'dispatcher.process_batch');
    expect(
      root!.events.map((event) => [event.name, ...times({ start: event.time, end: 0 }).slice(0, 1)]),
    ).toEqual([
      ['dispatched', 200],
      ['processed', 200],
      ['sent out', 250],
    ]);
    expect(others.map(({ traceId }) => traceId)).not.toContain(root!.traceId);
  });

  test('more sinks than ids drawn for a log: further ones are events', async () => {
    const sinks = Array.from({ length: 13 }, (_, i) => `s${i}`);
    const rig = new TracingRig({ tracing: { mode: 'full-e2e', log_spans: 'waterfall' }, sinks });
    await rig.deliver(['one', 'two']);
    const root = rig.named('log.process')[0]!;
    const sends = rig.spans.filter(({ traceId, kind }) => traceId === root.traceId && kind === 3);
    expect(sends).toHaveLength(11);
    expect(root.events.map(({ name }) => name)).toEqual(['sent s11', 'sent s12']);
  });

  test('it starts when its own segment was read, not when the batch was opened', async () => {
    const rig = new TracingRig({ tracing: { mode: 'full-e2e' } });
    rig.read(['early'], rig.stream('a'));
    await rig.clock.advance(120);
    rig.read(['late'], rig.stream('b'));
    await rig.clock.advance(80);
    await rig.answer();
    expect(rig.named('log.process').map(times)).toEqual([
      [0, 250],
      [120, 250],
    ]);
    expect(times(rig.named('dispatcher.process_batch')[0]!)).toEqual([0, 250]);
  });

  test('its outcome is the worst of its sinks, and its status says why', async () => {
    const rig = new TracingRig({ tracing: { mode: 'full-e2e', log_spans: 'waterfall' }, sinks: ['x', 'y'] });
    rig.read(['one']);
    await rig.seal();
    await rig.sinks[0]!.answer();
    await rig.sinks[1]!.answer(new PermanentError('no', { reason: 'refused' }));
    const root = rig.named('log.process')[0]!;
    expect(root.attributes['log_capturer.outcome']).toBe('dropped');
    expect(root.status).toEqual({ code: 2, message: 'refused' });
    const sends = rig.spans.filter(({ traceId, kind }) => traceId === root.traceId && kind === 3);
    expect(sends.map(({ status }) => status)).toEqual([undefined, { code: 2, message: 'refused' }]);
  });

  test('where a sink names the records it refused, only those were dropped', async () => {
    const rig = new TracingRig({ tracing: { mode: 'full-e2e' } });
    rig.read(['zero', 'one', 'two', 'three']);
    await rig.seal();
    await rig.answer(new PartialError('some', { reason: '400', count: 2, indexes: [1, 3] }));
    const outcomes = rig
      .named('log.process')
      .map(({ attributes, status }) => [
        attributes['log.offset'],
        attributes['log_capturer.outcome'],
        status?.message,
      ]);
    expect(outcomes.sort(([a], [b]) => Number(a) - Number(b))).toEqual([
      [0, 'delivered', undefined],
      [5, 'dropped', '400'],
      [9, 'delivered', undefined],
      [13, 'dropped', '400'],
    ]);
  });

  test('where it does not, the spans say that it is unknown which', async () => {
    const rig = new TracingRig({ tracing: { mode: 'full-e2e' } });
    rig.read(['zero', 'one']);
    await rig.seal();
    await rig.answer(new PartialError('some', { reason: '400', count: 1 }));
    expect(rig.named('log.process').map(({ status }) => status?.message)).toEqual([
      '400: 1 of 2 logs, unknown which',
      '400: 1 of 2 logs, unknown which',
    ]);
  });

  test('a log that no sink selects is dropped as unrouted', async () => {
    const rig = new TracingRig({ tracing: { mode: 'full-e2e' } });
    rig.read(['one'], rig.stream('c'));
    await rig.seal();
    const root = rig.named('log.process')[0]!;
    expect(root.attributes['log_capturer.outcome']).toBe('dropped');
    expect(root.status).toEqual({ code: 2, message: 'unrouted' });
    expect(times(root)).toEqual([0, 200]);
  });

  test('a log that was slow is kept though nothing chose it, without a weight', async () => {
    const rig = new TracingRig({ tracing: { tail: { slow: '300ms' } } });
    rig.read(['one', 'two']);
    await rig.seal();
    await rig.answer(undefined, 100);
    const roots = rig.named('log.process');
    expect(roots.map(({ attributes }) => attributes['log_capturer.sampling.reason'])).toEqual([
      'tail_slow',
      'tail_slow',
    ]);
    expect(roots[0]!.traceState).toBeUndefined();
    expect(rig.batch!.segments[0]!.traced).toBeNull();
  });

  test('a traced log that was slow is not traced twice', async () => {
    const rig = new TracingRig({ tracing: { log_tracing_rate: 1, tail: { slow: '1ms' } } });
    await rig.deliver(['one', 'two']);
    expect(rig.named('log.process')).toHaveLength(2);
  });

  test('a retried log is kept as failed, and its send counts the attempts', async () => {
    const rig = new TracingRig();
    rig.read(['one']);
    await rig.seal();
    await rig.answer(new RetryableError('busy', { reason: '503' }));
    await rig.clock.advance(1000);
    await rig.answer();
    const root = rig.named('log.process')[0]!;
    expect(root.attributes).toMatchObject({
      'log_capturer.sampling.reason': 'tail_failed',
      'log_capturer.outcome': 'delivered',
    });
    const send = rig.spans.find(({ traceId, kind }) => traceId === root.traceId && kind === 3)!;
    expect(send.attributes['log_capturer.attempts']).toBe(2);
    expect(send.status).toBeUndefined();
  });
});
