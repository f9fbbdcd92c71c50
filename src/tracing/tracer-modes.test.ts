import { describe, expect, test } from 'vitest';
import { filter, TracingRig } from '../../test/fixtures/tracing.ts';
import type { Processor } from '../component/processor.ts';
import type { Mode } from './mode.ts';

const lines = (count: number) => Array.from({ length: count }, (_, i) => `line ${i}`);

/** Random numbers that repeat: xorshift32 (Marsaglia, "Xorshift RNGs"). */
function repeatable(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

describe('TestModeOff', () => {
  test('nothing is traced, stamped, measured or counted', async () => {
    const rig = new TracingRig({ tracing: { mode: 'off' } });
    await rig.deliver(lines(3));
    expect(rig.spans).toEqual([]);
    expect(rig.batch!.segments[0]!.traced).toBeNull();
    expect(rig.tracing.status()).toMatchObject({
      logs_traced: 0,
      spans_created: { log: 0, system: 0 },
      effective_rate: 0,
      cpu_seconds: 0,
    });
  });

  test('enabled: false is the same', async () => {
    const rig = new TracingRig({ tracing: { enabled: false, mode: 'full-e2e' } });
    await rig.deliver(lines(3));
    expect(rig.spans).toEqual([]);
  });
});

describe('SystemOnly', () => {
  test('each batch has a trace and no log has', async () => {
    const rig = new TracingRig({ tracing: { mode: 'system-only' } });
    await rig.deliver(lines(3));
    await rig.deliver(lines(2));
    expect(rig.spans.map(({ name }) => name)).toEqual([
      'sink.out.send',
      'dispatcher.process_batch',
      'sink.out.send',
      'dispatcher.process_batch',
    ]);
    expect(new Set(rig.spans.map(({ traceId }) => traceId)).size).toBe(2);
    expect(rig.tracing.status()).toMatchObject({ logs_traced: 0, spans_created: { log: 0, system: 4 } });
  });

  test('no log is stamped, whatever the rates and rules', async () => {
    const rig = new TracingRig({ tracing: { mode: 'system-only', log_tracing_rate: 1 } });
    await rig.deliver(lines(1));
    expect(rig.batch!.segments[0]!.traced).toBeNull();
  });

  test('failed logs are not kept', async () => {
    const rig = new TracingRig({ tracing: { mode: 'system-only' } });
    rig.read(lines(1));
    await rig.seal();
    await rig.answer(new Error('down'));
    await rig.clock.advance(1000);
    await rig.answer();
    expect(rig.named('log.process')).toEqual([]);
  });
});

test('a batch that was stored before any attempt has no send, also after one that had', async () => {
  const rig = new TracingRig({ tracing: { mode: 'system-only' } });
  await rig.deliver(lines(1));
  rig.read(lines(1));
  await rig.seal();
  const batch = rig.batch!;
  const { segments, bytes } = batch;
  const stored = {
    batch,
    sink: 'out',
    segments,
    records: 1,
    bytes,
    attempts: [],
    accepted: 0,
    stored: true as const,
  };
  rig.tracing.observer.completed!(batch, [stored]);
  expect(rig.spans.map(({ name }) => name)).toEqual([
    'sink.out.send',
    'dispatcher.process_batch',
    'dispatcher.process_batch',
  ]);
});

test('a batch that was processed says so, whatever a reload does to the processors meanwhile', async () => {
  const processors: Processor[] = [{ process() {} }];
  const rig = new TracingRig({ tracing: { mode: 'full-e2e', log_spans: 'waterfall' }, processors });
  rig.read(lines(1));
  await rig.seal();
  processors.length = 0;
  await rig.answer();
  expect(rig.named('processor.run')).toHaveLength(2);
});

describe('Hybrid', () => {
  test('without rate, rule or trouble no log is traced, but batches are', async () => {
    const rig = new TracingRig({ tracing: { mode: 'hybrid' } });
    await rig.deliver(lines(100));
    expect(rig.named('log.process')).toEqual([]);
    expect(rig.named('dispatcher.process_batch')).toHaveLength(1);
    expect(rig.batch!.segments[0]!.traced).toBeNull();
  });

  test('the base rate traces that share, and says so', async () => {
    const rig = new TracingRig({ tracing: { log_tracing_rate: 0.25 }, random: repeatable(42) });
    for (let batch = 0; batch < 8; batch++) await rig.deliver(lines(500));
    const roots = rig.named('log.process');
    // 4000 logs: the standard deviation is 27.
    expect(roots.length).toBeGreaterThan(1000 - 4 * 27);
    expect(roots.length).toBeLessThan(1000 + 4 * 27);
    for (const { traceState, attributes, traceId } of roots) {
      expect(traceState).toBe('ot=th:c');
      expect(attributes['log_capturer.sampling.reason']).toBe('base_rate');
      expect(BigInt(`0x${traceId.slice(18)}`)).toBeGreaterThanOrEqual(0xc0000000000000n);
    }
    expect(rig.tracing.status().logs_traced_by_reason.base_rate).toBe(roots.length);
  });

  test('an on-demand rule traces one source and not the other, with its note', async () => {
    const rig = new TracingRig();
    rig.tracing.rules.enable({ source_id: 'a', rate: 1, note: 'INC-7' });
    rig.read(lines(2), rig.stream('a'));
    rig.read(lines(2), rig.stream('b'));
    await rig.seal();
    await rig.answer();
    expect(rig.named('log.process').map(({ attributes }) => attributes)).toMatchObject([
      {
        'log.source': 'a',
        'log_capturer.sampling.reason': 'on_demand',
        'log_capturer.on_demand.note': 'INC-7',
      },
      { 'log.source': 'a' },
    ]);
    await rig.tracing.stop(0).catch(() => {});
  });

  test('a rule with where and max_traces traces the first logs that pass, of unknown weight', async () => {
    const rig = new TracingRig();
    const where = { contains: 'error' };
    rig.tracing.rules.enable({ source_id: 'a', rate: 1, where, max_traces: 2 });
    await rig.deliver(['fine', 'error 1', 'fine', 'error 2', 'error 3']);
    await rig.deliver(['error 4']);
    const roots = rig.named('log.process');
    expect(roots.map(({ attributes }) => attributes['log.offset'])).toEqual([5, 18]);
    expect(roots.map(({ traceState }) => traceState)).toEqual([undefined, undefined]);
    await rig.tracing.stop(0).catch(() => {});
  });

  test('a rule of rate 0 mutes a source', async () => {
    const rig = new TracingRig({ tracing: { log_tracing_rate: 1 } });
    rig.tracing.rules.enable({ source_id: 'a', rate: 0 });
    await rig.deliver(lines(5));
    expect(rig.named('log.process')).toEqual([]);
    await rig.tracing.stop(0).catch(() => {});
  });
});

describe('FullE2E', () => {
  test('every log of every source has one root, with an id of its own', async () => {
    const rig = new TracingRig({ tracing: { mode: 'full-e2e' } });
    rig.read(lines(500), rig.stream('a'));
    rig.read(lines(200), rig.stream('b'));
    await rig.seal();
    await rig.answer();
    const roots = rig.named('log.process');
    expect(roots).toHaveLength(700);
    expect(new Set(roots.map(({ traceId }) => traceId)).size).toBe(700);
    expect(rig.tracing.status()).toMatchObject({ logs_traced: 700, spans_created: { log: 700 } });
  });

  test('sinks stamp the ids that the spans have', async () => {
    const rig = new TracingRig({ tracing: { mode: 'full-e2e' } });
    await rig.deliver(lines(20));
    const traced = rig.batch!.segments[0]!.traced!;
    const { threshold, rows, count, stamp } = traced;
    expect({ rows, count, stamp }).toEqual({ rows: null, count: 20, stamp: 'trace_id' });
    const stamped = Array.from({ length: 20 }, (_, row) =>
      rig.kernel.traceId(traced, threshold, row).toString('hex'),
    );
    expect(rig.named('log.process').map(({ traceId }) => traceId)).toEqual(stamped);
  });

  test('no id is used again in the next batch', async () => {
    const rig = new TracingRig({ tracing: { mode: 'full-e2e', log_spans: 'waterfall' } });
    for (let batch = 0; batch < 5; batch++) await rig.deliver(lines(50));
    const ids = rig.spans.map(({ spanId }) => spanId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('logs that a processor filters out are traced to their end there', async () => {
    const rig: TracingRig = new TracingRig({
      tracing: { mode: 'full-e2e' },
      processors: [
        filter(
          () => rig.kernel,
          (line) => !line.includes('noise'),
        ),
      ],
    });
    await rig.deliver(['signal', 'noise', 'signal', 'noise']);
    const roots = rig.named('log.process');
    expect(roots.map(({ attributes }) => attributes['log_capturer.outcome'])).toEqual([
      'delivered',
      'delivered',
      'filtered',
      'filtered',
    ]);
    const filtered = roots.find(({ attributes }) => attributes['log_capturer.outcome'] === 'filtered')!;
    expect(filtered.events.map(({ name }) => name)).toEqual(['dispatched', 'processed']);
    expect(filtered.end - filtered.start).toBe(200);
    expect(rig.batch!.segments[0]!.traced!.count).toBe(2);
  });

  test('a batch of which nothing is left is traced all the same', async () => {
    const rig: TracingRig = new TracingRig({
      tracing: { mode: 'full-e2e' },
      processors: [
        filter(
          () => rig.kernel,
          () => false,
        ),
      ],
    });
    rig.read(lines(2));
    await rig.seal();
    expect(rig.named('log.process')).toHaveLength(2);
    expect(rig.named('dispatcher.process_batch')[0]!.attributes['messaging.batch.message_count']).toBe(2);
    expect(rig.batch!.segments[0]!.traced).toBeNull();
  });
});

describe('ModeChange', () => {
  const modes: readonly Mode[] = ['off', 'system-only', 'hybrid', 'full-e2e'];
  const cases = modes.flatMap((from) => modes.filter((to) => to !== from).map((to) => [from, to] as const));

  /** Spans of one batch of two logs, at a base rate of 1. */
  const spansOf = { off: 0, 'system-only': 2, hybrid: 2 + 2 * 3, 'full-e2e': 2 + 2 };

  test.each(cases)(
    'from %s to %s: a batch under way is finished in the old mode, the next is in the new',
    async (from, to) => {
      const rig = new TracingRig({ tracing: { mode: from, log_tracing_rate: 1 } });
      rig.read(lines(2));
      await rig.seal();
      void rig.tracing.update(rig.settings({ mode: to, log_tracing_rate: 1 }));
      await rig.answer();
      expect(rig.spans).toHaveLength(spansOf[from]);
      await rig.deliver(lines(2));
      expect(rig.spans).toHaveLength(spansOf[from] + spansOf[to]);
      expect(rig.log.lines).toEqual([]);
      for (const { attributes, name } of rig.spans.slice(spansOf[from])) {
        if (name === 'log.process') expect(attributes['tracing.mode']).toBe(to);
      }
    },
  );
});

describe('ReloadConfig', () => {
  test('rates, shape and attributes apply to the next batch; counters go on', async () => {
    const rig = new TracingRig({ tracing: { log_tracing_rate: 1 } });
    await rig.deliver(lines(1));
    const annotate = { attributes: { team: 'payments' } };
    void rig.tracing.update(rig.settings({ log_tracing_rate: 1, log_spans: 'compact', annotate }));
    await rig.deliver(lines(1));
    const [before, after] = rig.named('log.process');
    expect(before!.attributes.team).toBeUndefined();
    expect(after!.attributes.team).toBe('payments');
    expect(rig.named('dispatcher.queue')).toHaveLength(1);
    expect(rig.tracing.status()).toMatchObject({ logs_traced: 2, spans_created: { log: 4, system: 4 } });
  });

  test('an exporter whose settings stay is not replaced', async () => {
    const rig = new TracingRig({ tracing: { mode: 'full-e2e' } });
    rig.exporter.holding = true;
    await rig.deliver(lines(1));
    await rig.tracing.update(rig.settings({ mode: 'system-only' }));
    expect(rig.tracing.status().spans_queued).toBe(3);
  });

  test('what a replaced exporter had counted stays counted', async () => {
    const rig = new TracingRig({ tracing: { mode: 'full-e2e' } });
    await rig.deliver(lines(1));
    await rig.tracing.update(rig.settings({ mode: 'full-e2e', exporters: [], exporter: undefined }));
    await rig.deliver(lines(1));
    expect(rig.tracing.status()).toMatchObject({ spans_exported: 3, exporters: [] });
  });
});

test('spans of excluded sources are not made, in no mode', async () => {
  const rig = new TracingRig({ tracing: { mode: 'full-e2e', exclude: { sources: ['/var/log/b*'] } } });
  rig.read(lines(2), rig.stream('a'));
  rig.read(lines(2), rig.stream('b'));
  await rig.seal();
  await rig.answer();
  expect(rig.named('log.process').map(({ attributes }) => attributes['log.source'])).toEqual(['a', 'a']);
});

test('the cost of tracing is measured', async () => {
  const rig = new TracingRig({ tracing: { mode: 'full-e2e' } });
  let readings = 0;
  const now = rig.clock.now.bind(rig.clock);
  rig.clock.now = () => now() + readings++ * 0.5;
  await rig.deliver(lines(1));
  expect(rig.tracing.status().cpu_seconds).toBeGreaterThan(0);
});
