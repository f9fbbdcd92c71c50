import { describe, expect, test } from 'vitest';
import { passAll, type Span, TracingRig, times } from '../../test/fixtures/tracing.ts';
import { PermanentError, RetryableError } from '../component/errors.ts';

describe('CreateSystemSpan', () => {
  test('a batch: its root, its processors, a send per sink, each with its size', async () => {
    const rig: TracingRig = new TracingRig({
      tracing: { mode: 'system-only' },
      processors: [passAll(() => rig)],
      sinks: ['x', 'y'],
    });
    rig.read(['one', 'two'], rig.stream('a'));
    rig.read(['three'], rig.stream('b'));
    await rig.seal();
    await rig.answer();
    const root = rig.spans.at(-1)!;
    expect(rig.spans.map((span) => [span.name, span.kind, ...times(span)])).toEqual([
      ['processor.run', 1, 200, 200],
      ['sink.x.send', 3, 200, 250],
      ['sink.y.send', 3, 200, 250],
      ['dispatcher.process_batch', 1, 0, 250],
    ]);
    expect(root.attributes).toEqual({
      'log_capturer.batch.id': 1,
      'messaging.batch.message_count': 3,
      'log_capturer.batch.bytes': 14,
      'log_capturer.batch.sources': 2,
      'tracing.mode': 'system-only',
    });
    for (const child of rig.spans.slice(0, -1)) {
      expect(child).toMatchObject({ traceId: root.traceId, parentSpanId: root.spanId });
    }
    expect(new Set(rig.spans.map(({ spanId }) => spanId)).size).toBe(4);
  });

  test('each attempt has a span; failed ones say why and that a retry followed', async () => {
    const rig = new TracingRig({ tracing: { mode: 'system-only' } });
    rig.read(['one']);
    await rig.seal();
    await rig.answer(new RetryableError('busy', { reason: '503' }));
    await rig.clock.advance(1000);
    await rig.answer(new PermanentError('bad', { reason: 'malformed' }));
    const sends = rig.named('sink.out.send');
    expect(sends.map(({ status }) => status)).toEqual([
      { code: 2, message: '503' },
      { code: 2, message: 'malformed' },
    ]);
    expect(sends.map(({ attributes }) => attributes)).toEqual([
      {
        'log_capturer.attempt': 1,
        'messaging.batch.message_count': 1,
        'log_capturer.batch.bytes': 4,
        'error.type': '503',
        'http.response.status_code': 503,
      },
      {
        'log_capturer.attempt': 2,
        'messaging.batch.message_count': 1,
        'log_capturer.batch.bytes': 4,
        'error.type': 'malformed',
      },
    ]);
    expect(sends.map(({ events }) => events.map(({ name }) => name))).toEqual([['retry'], []]);
  });

  test('of very many attempts the first and the last ones are shown, the others counted', async () => {
    const rig = new TracingRig({ tracing: { mode: 'system-only' } });
    rig.read(['one']);
    await rig.seal();
    for (let attempt = 0; attempt < 40; attempt++) {
      await rig.answer(new RetryableError('busy', { reason: '503' }));
      await rig.clock.advance(60_000);
    }
    await rig.answer();
    const attempts = rig.named('sink.out.send').map(({ attributes }) => attributes['log_capturer.attempt']);
    expect(attempts).toEqual([1, ...Array.from({ length: 31 }, (_, i) => 11 + i)]);
    expect(rig.named('dispatcher.process_batch')[0]!.attributes['log_capturer.attempts.omitted']).toBe(9);
  });

  test('the batch links to the first 128 logs and counts the others; each log links to the batch', async () => {
    const rig = new TracingRig({ tracing: { mode: 'full-e2e' } });
    await rig.deliver(Array.from({ length: 200 }, (_, i) => `line ${i}`));
    const root = rig.named('dispatcher.process_batch')[0]!;
    const logs = rig.named('log.process');
    const link = ({ traceId, spanId }: Span) => ({ traceId, spanId });
    expect(root.links).toEqual(logs.slice(0, 128).map(link));
    expect(root.droppedLinks).toBe(72);
    for (const log of logs) expect(log.links).toEqual([link(root)]);
  });

  test('links of one batch do not stay for the next', async () => {
    const rig = new TracingRig({ tracing: { mode: 'full-e2e' } });
    await rig.deliver(['one', 'two']);
    await rig.deliver(['three']);
    expect(rig.named('dispatcher.process_batch').map(({ links }) => links.length)).toEqual([2, 1]);
  });
});
