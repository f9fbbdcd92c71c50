import { describe, expect, test } from 'vitest';
import { decodeRun, TracingRig } from '../../test/fixtures/tracing.ts';
import { FIELDS } from './parsed-fields.fixture.ts';

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
