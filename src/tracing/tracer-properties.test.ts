import fc from 'fast-check';
import { expect, test } from 'vitest';
import { filter, type Span, TracingRig } from '../../test/fixtures/tracing.ts';
import { PartialError, PermanentError, RetryableError } from '../component/errors.ts';

/** What happens to a pipeline with tracing, one thing after another. */
const event = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ read: fc.integer({ min: 1, max: 30 }), from: fc.constantFrom('a', 'b', 'c') }),
  },
  { weight: 2, arbitrary: fc.record({ pass: fc.integer({ min: 1, max: 400 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      answer: fc.constantFrom('ok', 'ok', 'retry', 'refuse', 'some', 'some-named'),
      sink: fc.nat(1),
    }),
  },
  { weight: 1, arbitrary: fc.record({ step: fc.integer({ min: -1000, max: 1000 }) }) },
);

const setting = fc.record({
  mode: fc.constantFrom('system-only', 'hybrid', 'full-e2e', 'full-e2e'),
  log_tracing_rate: fc.constantFrom(0, 0.3, 1),
  log_spans: fc.constantFrom('waterfall', 'compact'),
  tail: fc.record({ slow: fc.constantFrom('100ms', '1h'), max_per_second: fc.constantFrom(1, 1000) }),
});

const errors: Record<string, () => Error> = {
  retry: () => new RetryableError('busy', { reason: '503' }),
  refuse: () => new PermanentError('no', { reason: 'refused' }),
  some: () => new PartialError('some', { reason: '400', count: 1 }),
  'some-named': () => new PartialError('some', { reason: '400', count: 1, indexes: [0] }),
};

async function run(rig: TracingRig, events: readonly object[]): Promise<number> {
  let read = 0;
  for (const one of events as Record<string, never>[]) {
    if ('read' in one) {
      if (rig.dispatcher.slots.free === 0) continue;
      rig.read(
        Array.from({ length: one.read }, (_, i) => `line ${i}`),
        rig.stream(one.from),
      );
      read += one.read;
    } else if ('pass' in one) await rig.clock.advance(one.pass);
    else if ('step' in one) {
      const toEpoch = rig.clock.toEpoch.bind(rig.clock);
      rig.clock.toEpoch = (monotonic) => toEpoch(monotonic) + one.step;
    } else if (rig.sinks[one.sink]!.waiting > 0) await rig.sinks[one.sink]!.answer(errors[one.answer]?.());
  }
  for (let quiet = 0; quiet < 3; quiet++) {
    await rig.clock.advance(30_000);
    for (const sink of rig.sinks) while (sink.waiting > 0) await sink.answer();
  }
  return read;
}

function expectSoundTraces(spans: readonly Span[]): void {
  const byTrace = Map.groupBy(spans, ({ traceId }) => traceId);
  for (const trace of byTrace.values()) {
    const byId = new Map(trace.map((span) => [span.spanId, span]));
    expect(byId.size).toBe(trace.length);
    expect(trace.filter(({ parentSpanId }) => parentSpanId === undefined)).toHaveLength(1);
    for (const span of trace) {
      expect(span.end).toBeGreaterThanOrEqual(span.start);
      if (span.parentSpanId === undefined) continue;
      const parent = byId.get(span.parentSpanId)!;
      expect(parent).toBeDefined();
      expect(span.start).toBeGreaterThanOrEqual(parent.start);
      expect(span.end).toBeLessThanOrEqual(parent.end);
    }
    for (const { links } of trace) for (const { traceId } of links) expect(byTrace.has(traceId)).toBe(true);
  }
}

test('parents exist, children lie inside them, links lead somewhere, and every span is counted', async () => {
  await fc.assert(
    fc.asyncProperty(
      setting,
      fc.array(event, { maxLength: 40 }),
      fc.integer(),
      async (tracing, events, offset) => {
        const rig: TracingRig = new TracingRig({
          tracing,
          sinks: ['x', 'y'],
          processors: [
            filter(
              () => rig.kernel,
              (line) => (line.length + offset) % 3 !== 0,
            ),
          ],
        });
        const read = await run(rig, events);
        expectSoundTraces(rig.spans);
        const { spans_created, logs_traced, spans_exported } = rig.tracing.status();
        expect(spans_exported).toBe(rig.spans.length);
        expect(spans_created.log + spans_created.system).toBe(rig.spans.length);
        expect(rig.named('log.process')).toHaveLength(logs_traced);
        if (tracing.mode === 'full-e2e') expect(logs_traced).toBe(read);
        // The dispatcher logs and ignores what an observer throws.
        expect(rig.log.lines.filter(({ message }) => message.includes('observer'))).toEqual([]);
      },
    ),
    { numRuns: 60 },
  );
});
