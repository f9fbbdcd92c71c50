import { describe, expect, test } from 'vitest';
import { TracingRig } from '../../../test/fixtures/tracing.ts';
import { explainRequestSchema } from './explain-request.ts';

const KNOWN = [
  { id: 'a', source: 'a' },
  { id: '/var/log/a.log', source: 'a' },
  { id: '/var/log/a2.log', source: 'a' },
  { id: 'b', source: 'b' },
];

function setUp(tracing: object = {}) {
  const rig: TracingRig = new TracingRig({
    tracing,
    observers: [{ sealed: (batch) => rig.tracing.rates.sealed(batch) }],
  });
  const ask = (request: object, known = KNOWN) =>
    rig.tracing.explain(explainRequestSchema.parse(request), known);
  return { rig, ask };
}

test('a configured source is explained by its streams, one entry where the same holds for all', () => {
  const { ask } = setUp({ log_tracing_rate: 0.5 });
  expect(ask({ source_id: 'a' })).toMatchObject({
    source_id: 'a',
    mode: 'hybrid',
    streams: 2,
    decisions: [
      { streams: 2, examples: ['/var/log/a.log', '/var/log/a2.log'], rate: 0.5, reason: 'base_rate' },
    ],
  });
});

test('streams of one source with different rules are told apart', () => {
  const { rig, ask } = setUp();
  rig.tracing.enable({ source_id: '/var/log/a.log', rate: 1 });
  const { decisions } = ask({ source_id: '/var/log/*.log' });
  expect(decisions.map(({ streams, examples, rate }) => [streams, examples, rate])).toEqual([
    [1, ['/var/log/a.log'], 1],
    [1, ['/var/log/a2.log'], 0],
  ]);
});

test('ten thousand streams are counted, and explained as the few kinds that they are', () => {
  const { rig, ask } = setUp();
  rig.tracing.enable({ source_id: '/many/0*', rate: 0.5 });
  const many = Array.from({ length: 10_000 }, (_, n) => ({
    id: `/many/${String(n).padStart(4, '0')}`,
    source: 'many',
  }));
  const { streams, decisions } = ask({ source_id: 'many' }, [{ id: 'many', source: 'many' }, ...many]);
  expect(streams).toBe(10_000);
  expect(decisions.map(({ streams: of, examples, rate }) => [of, examples.length, rate])).toEqual([
    [9000, 5, 0],
    [1000, 5, 0.5],
  ]);
});

test('what nobody reads yet is explained as well, and said so', () => {
  const { ask } = setUp({ mode: 'full-e2e' });
  const { streams, decisions, notes } = ask({ source_id: '/new.log' });
  expect([streams, decisions.map(({ rate }) => rate)]).toEqual([0, [1]]);
  expect(notes).toContain('nothing that the agent reads is called /new.log now');
});

test('asking changes nothing', () => {
  const { rig, ask } = setUp({ log_tracing_rate: 0.5 });
  const before = rig.tracing.status();
  ask({ source_id: '**', sample: '{}', rule: { rate: 1 } });
  expect(rig.tracing.status()).toEqual(before);
});

test('a rule that has ended has no say', async () => {
  const { rig, ask } = setUp();
  rig.tracing.enable({ source_id: 'a', rate: 1, duration: 60_000 });
  expect(ask({ source_id: 'a' }).decisions[0]!.rate).toBe(1);
  await rig.clock.advance(60_000);
  expect(ask({ source_id: 'a' }).decisions[0]!.rate).toBe(0);
});

describe('what a rule costs', () => {
  /** Ten seconds of 100 logs a second in /var/log/a.log, and as many in b. */
  async function flow(tracing: object = {}) {
    const { rig, ask } = setUp(tracing);
    const lines = Array.from({ length: 50 }, (_, i) => `line ${i}`);
    for (let batch = 0; batch < 20; batch++) {
      rig.read(lines);
      rig.read(lines, rig.stream('b'));
      await rig.seal();
      await rig.answer(undefined, 300);
    }
    return { rig, ask };
  }

  test('counts the logs of the streams it names only', async () => {
    const { ask } = await flow();
    const { cost } = ask({ source_id: 'a', rule: { rate: 0.5, duration: '2m' } });
    expect(cost.logs_per_second).toBeCloseTo(100, -1);
    expect(cost.traces_per_second).toBeCloseTo(50, -1);
    expect(cost.span.per_log).toBe(3);
    expect(cost.total.seconds).toBe(120);
    expect(ask({ source_id: '**' }).cost.logs_per_second).toBeCloseTo(200, -1);
  });

  test('is that of every log for the default duration unless a rule is given', async () => {
    const { ask } = await flow({ on_demand: { default_duration: '3m' } });
    expect(ask({ source_id: 'a' }).cost.rule).toEqual({ rate: 1, duration_seconds: 180 });
  });

  test('of excluded streams is nothing', async () => {
    const { ask } = await flow({ exclude: { sources: ['a'] } });
    expect(ask({ source_id: 'a' }).cost.spans_per_second).toBe(0);
  });

  test('is worked out from the spans in the store', async () => {
    const { rig, ask } = await flow({ mode: 'full-e2e', log_spans: 'waterfall' });
    const { cost, notes } = ask({ source_id: 'a' });
    const { memory_bytes } = rig.tracing.status().store;
    expect(cost.span.bytes_measured).toBe(true);
    expect(cost.span.bytes).toBeGreaterThan(60);
    expect(cost.span.bytes).toBeLessThan(1000);
    expect(cost.total.store_bytes).toBe(memory_bytes);
    expect(notes).toContain('rules are accepted only in mode hybrid; this is mode full-e2e');
  });

  test('is not worked out from spans of other streams', async () => {
    const { ask } = await flow({ mode: 'full-e2e', exclude: { sources: ['b'] } });
    expect(ask({ source_id: 'a' }).cost.span.bytes_measured).toBe(true);
    expect(ask({ source_id: 'b' }).cost.span.bytes_measured).toBe(false);
  });

  test('says when it does not know', () => {
    const { ask } = setUp();
    const { cost, notes } = ask({ source_id: 'a', rule: { where: { contains: 'x' } } });
    expect([cost.span.bytes_measured, cost.span.cpu_measured]).toEqual([false, false]);
    expect(notes).toEqual([
      'no log of it came in the last seconds, so it would cost nothing now',
      'how many logs pass the where is not known: this is the most it can cost',
      'too little was traced to measure what a span takes here: bytes and CPU are reference figures',
    ]);
  });

  test('counts a span for each stage, none for those that are excluded', () => {
    const { ask } = setUp({ exclude: { span_names: ['sink.*'] } });
    expect(ask({ source_id: 'a' }).cost.span.per_log).toBe(2);
    expect(setUp({ log_spans: 'compact' }).ask({ source_id: 'a' }).cost.span.per_log).toBe(1);
  });
});
