import { describe, expect, test } from 'vitest';
import { decodeRun, filter, type Span, TracingRig } from '../../test/fixtures/tracing.ts';
import { PartialError, PermanentError, RetryableError } from '../component/errors.ts';
import { FIELDS } from './tracer-spans.fixture.ts';

const passAll = (rig: () => TracingRig) =>
  filter(
    () => rig().kernel,
    () => true,
  );

/** Milliseconds of a span's start and end since the rig's clock began, 18:05:11 UTC. */
function times({ start, end }: Pick<Span, 'start' | 'end'>): [number, number] {
  const began = Date.UTC(2026, 10, 22, 18, 5, 11);
  return [start - began, end - began];
}

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

describe('SpanAttributes', () => {
  test('a log span says where its log is, how large, why it is traced, and how it ended', async () => {
    const rig = new TracingRig({ tracing: { mode: 'hybrid', log_tracing_rate: 1, log_spans: 'waterfall' } });
    const stream = Object.assign(rig.stream('a'), { path: '/var/log/a.log' });
    await rig.deliver(['short', 'a longer one'], stream);
    await rig.deliver(['x'], stream);
    const attributes = rig.named('log.process').map((span) => span.attributes);
    expect(attributes[0]).toEqual({
      'log_capturer.batch.id': 1,
      'log.size': 5,
      'log.offset': 0,
      'log.record.uid': expect.stringMatching(/^[0-9a-f]{8}-[0-9a-z]{8}-0{12}$/),
      'log.source_id': '/var/log/a.log',
      'log.source': 'a',
      'log.source_type': 'test',
      'log.file.path': '/var/log/a.log',
      'tracing.mode': 'hybrid',
      'log_capturer.sampling.reason': 'base_rate',
      'log_capturer.outcome': 'delivered',
    });
    expect(attributes[1]).toMatchObject({ 'log.size': 12, 'log.offset': 6 });
    expect(attributes[2]).toMatchObject({ 'log.size': 1, 'log.offset': 19, 'log_capturer.batch.id': 2 });
    expect(new Set(attributes.map((each) => each['log.record.uid'])).size).toBe(3);
  });

  test('logs read again from the same place after the file was replaced have other uids', async () => {
    const rig = new TracingRig({ tracing: { mode: 'hybrid', log_tracing_rate: 1, log_spans: 'waterfall' } });
    const stream = rig.stream('a');
    await rig.deliver(['same'], stream);
    stream.position = 0;
    await rig.deliver(['same'], stream);
    const [before, after] = rig.named('log.process').map(({ attributes }) => attributes);
    expect(before!['log.offset']).toBe(after!['log.offset']);
    expect(before!['log.record.uid']).not.toBe(after!['log.record.uid']);
  });

  test('compact: what all logs of a batch have in common is said once, by the scope', async () => {
    const annotate = { attributes: { team: 'payments' } };
    const rig = new TracingRig({ tracing: { mode: 'full-e2e', log_spans: 'compact', annotate } });
    const stream = Object.assign(rig.stream('a'), { path: '/var/log/a.log' });
    await rig.deliver(['short', 'a longer one'], stream);
    await rig.deliver(['x'], stream);
    const runs = rig.exporter.runs.filter(({ type }) => type === 'log');
    const own = runs.flatMap(({ bytes }) => decodeRun({ bytes, scope: null }).map((span) => span.attributes));
    expect(own).toEqual([
      { 'log.size': 5, 'log.offset': 0 },
      { 'log.size': 12, 'log.offset': 6 },
      { 'log.size': 1, 'log.offset': 19 },
    ]);
    expect(rig.named('log.process').map(({ attributes }) => attributes)).toEqual(
      own.map((attributes, i) => ({
        ...attributes,
        'log_capturer.batch.id': i < 2 ? 1 : 2,
        'log.source_id': '/var/log/a.log',
        'log.source': 'a',
        'log.source_type': 'test',
        'log.file.path': '/var/log/a.log',
        'tracing.mode': 'full-e2e',
        'log_capturer.sampling.reason': 'mode',
        'log_capturer.outcome': 'delivered',
        team: 'payments',
      })),
    );
  });

  test('compact: a span of a log that went well to one sink has no more than 126 bytes', async () => {
    const rig = new TracingRig({ tracing: { mode: 'full-e2e', log_spans: 'compact' }, sinks: ['loki'] });
    await rig.deliver(['one', 'two', 'three']);
    const run = rig.exporter.runs.find(({ type }) => type === 'log')!;
    expect(run.bytes.length / run.spans).toBeLessThanOrEqual(126);
  });

  test('compact: runs of one batch share one scope', async () => {
    const rig = new TracingRig({
      tracing: { mode: 'full-e2e', log_spans: 'compact' },
      slotRecords: 5000,
      slotBytes: 2 ** 17,
    });
    await rig.deliver(Array.from({ length: 5000 }, (_, i) => `line ${i}`));
    const runs = rig.exporter.runs.filter(({ type }) => type === 'log');
    expect(runs.length).toBeGreaterThan(1);
    expect(new Set(runs.map(({ scope }) => scope)).size).toBe(1);
  });

  test('logs that a processor has rewritten have no known place', async () => {
    const rig = new TracingRig({
      tracing: { mode: 'full-e2e' },
      processors: [
        {
          process(_, segment) {
            segment.rewritten = true;
          },
        },
      ],
    });
    await rig.deliver(['one']);
    const { attributes } = rig.named('log.process')[0]!;
    expect(attributes).not.toHaveProperty(['log.offset']);
    expect(attributes).not.toHaveProperty(['log.record.uid']);
  });

  test('annotations: static attributes, fields by name, cut and redacted', async () => {
    const annotate = {
      attributes: { team: 'payments', token: 'hunter2' },
      fields: [
        'user',
        'http.status',
        'ok',
        'password',
        'nested.password',
        'missing',
        'long',
        'ratio',
        'list',
      ],
      max_length: 10,
      redact: ['password', 'TOKEN'],
    };
    const rig = new TracingRig({ tracing: { mode: 'full-e2e', annotate }, processors: [FIELDS] });
    await rig.deliver([
      JSON.stringify({
        user: 'ada',
        http: { status: 503 },
        ok: true,
        password: 'secret',
        nested: { password: 'secret' },
        long: 'x'.repeat(50),
        ratio: 0.5,
        list: [1, 2],
      }),
      'no json',
      JSON.stringify({ user: 'bob' }),
    ]);
    const [first, second, third] = rig.named('log.process').map(({ attributes }) => attributes);
    expect(first).toMatchObject({
      team: 'payments',
      token: '[redacted]',
      user: 'ada',
      'http.status': 503,
      ok: true,
      password: '[redacted]',
      'nested.password': '[redacted]',
      long: 'xxxxxxxxxx',
      ratio: 0.5,
      list: '[1,2]',
    });
    expect(first).not.toHaveProperty('missing');
    expect(second).toMatchObject({ team: 'payments', 'log.size': 7 });
    expect(second).not.toHaveProperty('user');
    expect(third).toMatchObject({ user: 'bob' });
    expect(rig.named('dispatcher.process_batch')[0]!.links.map(({ spanId }) => spanId)).toEqual(
      rig.named('log.process').map(({ spanId }) => spanId),
    );
  });

  test('fields of more logs than the kernel has room for at once are all written', async () => {
    const names = Array.from({ length: 60 }, (_, i) => `field${i}`);
    const fields = Object.fromEntries(names.map((name) => [name, 'x'.repeat(900)]));
    const rig = new TracingRig({
      tracing: { mode: 'full-e2e', annotate: { fields: names, max_length: 4096 } },
      processors: [
        {
          process(batch) {
            batch.fields = { at: () => fields };
          },
        },
      ],
      slotBytes: 4096,
      slotRecords: 400,
    });
    expect(rig.kernel.blobs.region.capacity).toBeLessThan(5 * 60 * 900);
    await rig.deliver(['one', 'two', 'three', 'four', 'five']);
    const roots = rig.named('log.process');
    expect(roots).toHaveLength(5);
    for (const { attributes } of roots) expect(attributes).toMatchObject(fields);
    expect(rig.named('dispatcher.process_batch')[0]!.links.map(({ spanId }) => spanId)).toEqual(
      roots.map(({ spanId }) => spanId),
    );
  });
});

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

describe('exclude', () => {
  test('span names: stages and batches that are not written, and no link to them', async () => {
    const exclude = { span_names: ['dispatcher.*', 'sink.y.send'] };
    const rig = new TracingRig({
      tracing: { mode: 'full-e2e', log_spans: 'waterfall', exclude },
      sinks: ['x', 'y'],
    });
    await rig.deliver(['one']);
    expect(rig.spans.map(({ name }) => name)).toEqual(['sink.x.send', 'log.process']);
    expect(rig.spans[1]!.links).toEqual([]);
  });

  test('without log.process nothing of a log is written', async () => {
    const rig = new TracingRig({
      tracing: { mode: 'full-e2e', log_spans: 'waterfall', exclude: { span_names: ['log.process'] } },
    });
    await rig.deliver(['one']);
    expect(rig.spans.map(({ name }) => name)).toEqual(['sink.out.send', 'dispatcher.process_batch']);
    expect(rig.tracing.status()).toMatchObject({ logs_traced: 0, spans_created: { log: 0 } });
    expect(rig.batch!.segments[0]!.traced).toBeNull();
  });

  test('shorter_than: traces of quick logs are not written', async () => {
    const rig = new TracingRig({ tracing: { mode: 'full-e2e', exclude: { shorter_than: '250ms' } } });
    await rig.deliver(['takes 250 ms']);
    rig.read(['takes 249 ms']);
    await rig.seal();
    await rig.answer(undefined, 49);
    expect(rig.named('log.process')).toHaveLength(1);
  });
});
