import { describe, expect, test } from 'vitest';
import { filter, TracingRig } from '../../test/fixtures/tracing.ts';
import type { Processor } from '../component/processor.ts';
import { stampOf } from '../record/stamp.ts';
import { ContextFlag, ContextRow } from '../record/traced.ts';

const TRACE = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa';
const SPAN = 'bbbbbbbbbbbbbbbb';

/** A processor that finds a context in every line that begins with `ctx`, with the flags behind a colon. */
const CONTEXTS: Processor = {
  process(batch, segment) {
    const { slot } = batch;
    if (!batch.hasContexts) slot.contexts.fill(0, 0, batch.count * ContextRow.size);
    batch.hasContexts = true;
    for (let row = segment.first; row < segment.first + segment.count; row++) {
      const start = slot.starts[row]! - slot.address;
      const text = slot.bytes.toString('utf8', start, start + slot.lengths[row]!);
      if (!text.startsWith('ctx')) continue;
      const at = row * ContextRow.size;
      slot.contexts.set(Buffer.from(TRACE, 'hex'), at + ContextRow.traceId);
      slot.contexts.set(Buffer.from(SPAN, 'hex'), at + ContextRow.spanId);
      slot.contexts[at + ContextRow.flags] = Number(text.split(':')[1] ?? ContextFlag.unknown);
      slot.contexts[at + ContextRow.present] = 1;
    }
  },
};

const rigOf = (tracing: object) => new TracingRig({ tracing, processors: [CONTEXTS] });

/** What applications write whose logs are JSON. */
const idsOf = (n: number) =>
  `{"n":${n},"trace_id":"${String(n).repeat(32)}","span_id":"${String(n).repeat(16)}"}`;
const withFlags = (n: number, flags: string) => idsOf(n).replace('}', `,"trace_flags":"${flags}"}`);

describe('contexts in the text of logs', () => {
  const textRig = (tracing: object) => new TracingRig({ tracing, carriesContexts: true });
  const joined = (rig: TracingRig) =>
    rig
      .named('log.process')
      .map(({ traceId, attributes }) => [
        /^(\d)\1{31}$/.exec(traceId)?.[1] ?? 'own',
        attributes['log_capturer.sampling.reason'],
      ]);

  test('full-e2e: every log joins its own', async () => {
    const rig = textRig({ mode: 'full-e2e' });
    await rig.deliver([idsOf(1), '{"n":2}', idsOf(3)]);
    // Logs with a trace of their own and those that joined one are runs of their own.
    expect(joined(rig)).toEqual([
      ['own', 'mode'],
      ['1', 'mode'],
      ['3', 'mode'],
    ]);
  });

  test('hybrid: ids without flags decide nothing, but traced logs join', async () => {
    const rig = textRig({ mode: 'hybrid', log_tracing_rate: 0.5 });
    const lines = Array.from({ length: 60 }, (_, i) => idsOf((i % 9) + 1));
    await rig.deliver(lines);
    const found = joined(rig);
    expect(found.length).toBeGreaterThan(10);
    expect(found.length).toBeLessThan(50);
    expect(found.every(([trace, reason]) => trace !== 'own' && reason === 'base_rate')).toBe(true);
    const { traced } = rig.batch!.segments[0]!;
    const stamped = Array.from(
      traced!.rows!,
      (row) => stampOf(rig.kernel, rig.batch!.slot, traced, row)!.trace_id,
    );
    expect(stamped).toEqual(Array.from(traced!.rows!, (row) => String((row % 9) + 1).repeat(32)));
  });

  test('hybrid: flags decide, also for logs between others', async () => {
    const rig = textRig({ mode: 'hybrid', log_tracing_rate: 0 });
    await rig.deliver([idsOf(1), withFlags(2, '01'), '{"n":3}', withFlags(4, '00')]);
    expect(joined(rig)).toEqual([['2', 'parent']]);
  });

  test('hybrid: beside sampled logs, those without flags or context are chosen by the rate', async () => {
    const rig = textRig({ mode: 'hybrid', log_tracing_rate: 1 });
    await rig.deliver([withFlags(1, '01'), '{"n":2}', idsOf(3)]);
    expect(joined(rig).toSorted(([one], [other]) => String(one).localeCompare(String(other)))).toEqual([
      ['1', 'parent'],
      ['3', 'base_rate'],
      ['own', 'base_rate'],
    ]);
    const own = rig.named('log.process').find(({ traceId }) => !/^(\d)\1{31}$/.test(traceId))!;
    expect([/^0+$/.test(own.traceId), own.parentSpanId]).toEqual([false, undefined]);
  });

  test('hybrid: sinks stamp the span ids that the spans have, whatever traced each log', async () => {
    const rig = textRig({ mode: 'hybrid', log_tracing_rate: 0.5, stamp: 'trace_and_span' });
    await rig.deliver(
      Array.from({ length: 60 }, (_, i) => (i % 3 === 0 ? withFlags((i % 9) + 1, '01') : `{"n":${i}}`)),
    );
    const { traced } = rig.batch!.segments[0]!;
    const stamped = Array.from(traced!.rows!, (row) => {
      const { trace_id, span_id } = stampOf(rig.kernel, rig.batch!.slot, traced, row)!;
      return `${trace_id} ${span_id}`;
    });
    const roots = rig.named('log.process');
    expect(new Set(roots.map(({ attributes }) => attributes['log_capturer.sampling.reason']))).toEqual(
      new Set(['parent', 'base_rate']),
    );
    expect(stamped.toSorted()).toEqual(roots.map(({ traceId, spanId }) => `${traceId} ${spanId}`).toSorted());
  });

  test.each(
    ['parent', 'link'].flatMap((incoming) =>
      ['all', 'those with a context', 'those without', 'none'].map((passing) => [incoming, passing] as const),
    ),
  )(
    'hybrid: ids are weighted as their tracestate says (%s, a filter lets pass: %s)',
    async (incoming, passing) => {
      const passes = (line: string): boolean =>
        passing === 'all' ||
        (passing !== 'none' && (passing === 'those with a context') === line.includes('flags'));
      const rig: TracingRig = new TracingRig({
        tracing: { mode: 'hybrid', log_tracing_rate: 0.5, incoming },
        carriesContexts: true,
        processors: [filter(() => rig.kernel, passes)],
      });
      await rig.deliver(
        Array.from({ length: 60 }, (_, i) => (i % 3 === 0 ? withFlags((i % 9) + 1, '01') : `{"n":${i}}`)),
      );
      const chosen = rig
        .named('log.process')
        .filter(({ attributes }) => attributes['log_capturer.sampling.reason'] === 'base_rate');
      expect(chosen.length).toBeGreaterThan(5);
      for (const { traceId, traceState } of chosen) {
        expect(traceState).toBe('ot=th:8');
        expect(BigInt(`0x${traceId.slice(-14)}`)).toBeGreaterThanOrEqual(1n << 55n);
      }
    },
  );

  test('a log kept by its tail joins as well', async () => {
    const rig = textRig({ mode: 'hybrid', tail: { slow: '1ms' } });
    await rig.deliver([idsOf(7)]);
    expect(joined(rig)).toEqual([['7', 'tail_slow']]);
  });

  test('also when its source carries none any more once it is delivered', async () => {
    let carries = true;
    const reload = {
      processed: () => {
        carries = false;
      },
    };
    const tracing = { mode: 'hybrid', tail: { slow: '1ms' } };
    const rig = new TracingRig({ tracing, carriesContexts: () => carries, observers: [reload] });
    await rig.deliver([idsOf(7)]);
    expect(joined(rig)).toEqual([['7', 'tail_slow']]);
  });

  test('logs with a sampled context beyond the bound are counted', async () => {
    const rig = textRig({ mode: 'hybrid', max_parent_traces_per_second: 2 });
    await rig.deliver([1, 2, 3, 4, 5].map((n) => withFlags(n, '01')));
    expect(joined(rig)).toHaveLength(2);
    expect(rig.tracing.status().parents_turned_away).toBe(3);
  });

  test('link: each has a trace of its own with a link', async () => {
    const rig = textRig({ mode: 'hybrid', incoming: 'link', log_tracing_rate: 1 });
    await rig.deliver([idsOf(5), '{"n":6}']);
    expect(joined(rig).map(([trace]) => trace)).toEqual(['own', 'own']);
    const links = rig.named('log.process').map(({ links }) => links.map(({ traceId }) => traceId));
    expect(links.map((ids) => ids.includes('5'.repeat(32)))).toEqual([true, false]);
  });
});

describe('ContextPropagation', () => {
  test('a log that came with a context joins that trace, in compact shape, under its span', async () => {
    const rig = rigOf({ mode: 'full-e2e', log_spans: 'waterfall' });
    await rig.deliver(['plain', 'ctx:1', 'plain']);
    const joined = rig.spans.filter(({ traceId }) => traceId === TRACE);
    expect(joined).toHaveLength(1);
    expect(joined[0]).toMatchObject({ name: 'log.process', parentSpanId: SPAN, traceState: undefined });
    expect(joined[0]!.events.map(({ name }) => name)).toEqual(['dispatched', 'processed', 'sent out']);
    expect(joined[0]!.attributes).toMatchObject({ 'log.offset': 6, 'log.size': 5 });
    expect(rig.named('dispatcher.queue')).toHaveLength(2);
    // Sampled, and the parent is remote.
    expect(joined[0]!.flags).toBe(0x301);
    expect(rig.batch!.segments[0]!.traced!.hasContexts).toBe(true);
    expect(rig.tracing.status().spans_created.log).toBe(4 + 1 + 4);
  });

  test('link: it has its own trace with a link to the span it came with', async () => {
    const rig = rigOf({ mode: 'full-e2e', incoming: 'link' });
    await rig.deliver(['plain', 'ctx:1']);
    const [plain, linked] = rig.named('log.process');
    const batch = rig.named('dispatcher.process_batch')[0]!;
    const toBatch = { traceId: batch.traceId, spanId: batch.spanId };
    expect(plain!.links).toEqual([toBatch]);
    expect(linked!.links).toEqual([toBatch, { traceId: TRACE, spanId: SPAN }]);
    expect(linked!.traceId).not.toBe(TRACE);
    expect(linked!.parentSpanId).toBeUndefined();
    expect(rig.batch!.segments[0]!.traced!.hasContexts).toBe(false);
    expect(batch.links.map(({ spanId }) => spanId)).toEqual([plain!.spanId, linked!.spanId]);
  });

  test('ignore: contexts play no part', async () => {
    const rig = rigOf({ mode: 'full-e2e', incoming: 'ignore' });
    await rig.deliver(['ctx:1']);
    const root = rig.named('log.process')[0]!;
    expect(root.traceId).not.toBe(TRACE);
    expect(root.links).toHaveLength(1);
  });

  test('hybrid: a sampled context traces its log, an unsampled one keeps the rate from it', async () => {
    const rig = rigOf({ mode: 'hybrid', log_tracing_rate: 1 });
    await rig.deliver(['ctx:1', 'ctx:0', 'plain', 'ctx']);
    const found = rig
      .named('log.process')
      .map(({ attributes, traceId }) => [
        attributes['log.offset'],
        attributes['log_capturer.sampling.reason'],
        traceId === TRACE,
      ]);
    expect(found).toEqual([
      [0, 'parent', true],
      [12, 'base_rate', false],
      [18, 'base_rate', true],
    ]);
    const { rows, count } = rig.batch!.segments[0]!.traced!;
    expect({ rows: Array.from(rows!), count }).toEqual({ rows: [0, 2, 3], count: 3 });
  });

  test('hybrid with rate 0: only sampled contexts are traced', async () => {
    const rig = rigOf({ mode: 'hybrid' });
    await rig.deliver(['ctx:1', 'ctx:0', 'plain', 'ctx']);
    expect(rig.named('log.process').map(({ attributes }) => attributes['log.offset'])).toEqual([0]);
  });

  test('no application drives the cost: max_parent_traces_per_second bounds them', async () => {
    const rig = rigOf({ mode: 'hybrid', max_parent_traces_per_second: 3 });
    await rig.deliver(Array(10).fill('ctx:1'));
    expect(rig.named('log.process')).toHaveLength(3);
    expect(rig.batch!.segments[0]!.traced!.count).toBe(3);
  });

  test('linked to what they came with, logs are stamped with the ids of their spans, at any rate', async () => {
    const rig = rigOf({ mode: 'hybrid', incoming: 'link', log_tracing_rate: 0.5 });
    const lines = Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? 'ctx:1' : 'plain'));
    await rig.deliver(lines);
    const roots = rig.named('log.process');
    const reasons = new Set(roots.map(({ attributes }) => attributes['log_capturer.sampling.reason']));
    expect(reasons).toEqual(new Set(['parent', 'base_rate']));
    const { traced } = rig.batch!.segments[0]!;
    const stamped = Array.from(
      traced!.rows!,
      (row) => stampOf(rig.kernel, rig.batch!.slot, traced, row)!.trace_id,
    );
    expect(roots.map(({ traceId }) => traceId).sort()).toEqual(stamped.sort());
  });

  test('another sampler than parent_based: contexts do not decide, but traced logs join', async () => {
    const rig = rigOf({ mode: 'hybrid', sampler: { type: 'always_on' } });
    await rig.deliver(['ctx:0', 'plain']);
    expect(rig.named('log.process').map(({ traceId }) => traceId === TRACE)).toEqual([false, true]);
  });

  test('a log kept by its tail joins as well', async () => {
    const rig = rigOf({ mode: 'hybrid', tail: { slow: '1ms' } });
    await rig.deliver(['ctx:0']);
    expect(rig.named('log.process')[0]).toMatchObject({
      traceId: TRACE,
      attributes: { 'log_capturer.sampling.reason': 'tail_slow' },
    });
  });
});
