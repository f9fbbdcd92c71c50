/** What holds of every trace whatever happens: random batches, endings and settings through dispatcher, tracing and kernel. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PartialError, PermanentError, RetryableError } from '../../src/component/errors.ts';
import type { Processor } from '../../src/component/processor.ts';
import { ContextFlag, ContextRow } from '../../src/record/traced.ts';
import { filter, type Span, TracingRig } from '../fixtures/tracing.ts';
import { type SeenBatch, Witness } from './witness.ts';

const SETTINGS = {
  off: { mode: 'off' },
  'system-only': { mode: 'system-only' },
  'hybrid without rate': { mode: 'hybrid', tail: { slow: '1s', max_per_second: 5 } },
  'hybrid with rate': { mode: 'hybrid', log_tracing_rate: 0.3, stamp: 'trace_and_span' },
  'hybrid, unstamped': { mode: 'hybrid', log_tracing_rate: 0.3, log_spans: 'compact', stamp: 'none' },
  'full-e2e, compact': { mode: 'full-e2e' },
  'full-e2e, waterfall': { mode: 'full-e2e', log_spans: 'waterfall', stamp: 'trace_and_span' },
  'full-e2e, links': { mode: 'full-e2e', incoming: 'link' },
} as const;

const settings = fc.constantFrom(...(Object.keys(SETTINGS) as (keyof typeof SETTINGS)[]));
const ending = fc.constantFrom<Error | undefined>(
  undefined,
  undefined,
  new RetryableError('later', { reason: '503' }),
  new PermanentError('no', { reason: '400' }),
  new PartialError('some', { reason: 'rate_limited', count: 2, indexes: [0, 3] }),
);
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('read' as const),
      source: fc.constantFrom('a', 'b', 'c'),
      count: fc.integer({ min: 1, max: 120 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('answer' as const), sink: fc.nat(1), ending }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      ms: fc.double({ min: 0, max: 2000, noNaN: true }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('change' as const), settings }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('hold' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('release' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Every fifth log of a segment came with a context, about every tenth with a sampled one. */
const contexts: Processor = {
  process(batch, { first, count }) {
    const { slot } = batch;
    // The column must be filled for every log, those of other sources too.
    if (!batch.hasContexts) slot.contexts.fill(0, 0, batch.count * ContextRow.size);
    batch.hasContexts = true;
    for (let row = first; row < first + count; row += 5) {
      const at = row * ContextRow.size;
      // Ids of its own for each log: traces of different logs stay apart.
      const view = new DataView(slot.contexts.buffer, slot.contexts.byteOffset + at);
      view.setUint32(ContextRow.traceId, batch.id);
      view.setUint32(ContextRow.traceId + 4, row + 1);
      view.setUint32(ContextRow.spanId, row + 1);
      slot.contexts[at + ContextRow.present] = 1;
      slot.contexts[at + ContextRow.flags] = row % 10 === 0 ? ContextFlag.sampled : 0;
    }
  },
};

interface Outcome {
  readonly rig: TracingRig;
  readonly batches: readonly SeenBatch[];
  readonly logs: number;
}

/** Runs the steps, then lets everything come to its end. */
async function run(
  first: keyof typeof SETTINGS,
  steps: readonly Step[],
  spanBytes: number,
): Promise<Outcome> {
  const witness = new Witness(
    () => rig.kernel,
    () => rig.tracing.settings,
  );
  const rig: TracingRig = new TracingRig({
    tracing: SETTINGS[first],
    sinks: ['one', 'two'],
    processors: [
      contexts,
      filter(
        () => rig.kernel,
        (line) => !line.includes('7'),
      ),
    ],
    observers: [witness],
    spanBytes,
  });
  let logs = 0;
  for (const each of steps) {
    if (each.kind === 'wait') await rig.clock.advance(each.ms);
    else if (each.kind === 'hold') rig.exporter.holding = true;
    else if (each.kind === 'release') rig.exporter.release();
    else if (each.kind === 'change') await rig.tracing.update(rig.settings(SETTINGS[each.settings]));
    else if (each.kind === 'answer') {
      const sink = rig.sinks[each.sink]!;
      if (sink.waiting > 0) await sink.answer(each.ending);
    } else if (rig.dispatcher.slots.free > 0) {
      const lines = Array.from({ length: each.count }, (_, i) => `line ${i} ${'x'.repeat(i % 40)}`);
      rig.read(lines, rig.stream(each.source));
      logs += each.count;
    }
  }
  await rig.seal();
  while (rig.dispatcher.status().batchesInFlight > 0) await rig.answer(undefined, 30_000);
  rig.exporter.release();
  return { rig, batches: [...witness.batches.values()], logs };
}

const keyOf = ({ attributes }: Span) =>
  `${String(attributes['log.source'])} ${String(attributes['log.offset'])}`;
const isRoot = ({ name }: Span) => name === 'log.process';

function byTrace(spans: readonly Span[]): Map<string, Span[]> {
  const traces = new Map<string, Span[]>();
  for (const span of spans) traces.set(span.traceId, [...(traces.get(span.traceId) ?? []), span]);
  return traces;
}

/** Of one trace: one root, parents that exist, children and events that lie inside of them. */
function checkTrace(spans: readonly Span[]): void {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  expect(byId.size).toBe(spans.length);
  const roots = spans.filter((span) => span.parentSpanId === undefined || !byId.has(span.parentSpanId));
  expect(roots).toHaveLength(1);
  const joined = roots[0]!.parentSpanId !== undefined;
  expect(joined ? spans.length : 1).toBe(1);
  for (const span of spans) {
    expect(span.end).toBeGreaterThanOrEqual(span.start);
    for (const { time } of span.events) {
      expect(time).toBeGreaterThanOrEqual(span.start);
      expect(time).toBeLessThanOrEqual(span.end);
    }
    const parent = byId.get(span.parentSpanId ?? '');
    if (parent === undefined) continue;
    expect(span.start).toBeGreaterThanOrEqual(parent.start);
    expect(span.end).toBeLessThanOrEqual(parent.end);
  }
}

/** How many spans the traces of a mode's logs have: all of a shape or none. */
function expectWhole(traces: readonly (readonly Span[])[]): void {
  for (const spans of traces) {
    const root = spans.find(isRoot);
    if (root === undefined || root.events.length > 0 || root.parentSpanId !== undefined) continue;
    // A waterfall: the queue, processors at source `a`, and both sinks unless filtered or without a sink.
    const { attributes } = root;
    const sends =
      attributes['log_capturer.outcome'] === 'filtered' || attributes['log.source'] === 'c' ? 0 : 2;
    expect(spans).toHaveLength(2 + (attributes['log.source'] === 'a' ? 1 : 0) + sends);
  }
}

function checkModes({ rig, batches }: Outcome): void {
  const roots = Map.groupBy(rig.named('log.process'), (span) => span.attributes['log_capturer.batch.id']);
  const systems = Map.groupBy(
    rig.named('dispatcher.process_batch'),
    (span) => span.attributes['log_capturer.batch.id'],
  );
  for (const { id, mode, logs } of batches) {
    const own = roots.get(id) ?? [];
    for (const span of [...own, ...(systems.get(id) ?? [])])
      expect(span.attributes['tracing.mode']).toBe(mode);
    expect(systems.get(id) ?? []).toHaveLength(mode === 'off' ? 0 : 1);
    if (mode === 'full-e2e') expect(own).toHaveLength(logs.length);
    if (mode === 'off' || mode === 'system-only') expect(own).toEqual([]);
    const keys = own.map(keyOf);
    expect(new Set(keys).size).toBe(keys.length);
  }
}

/** What is stamped is what is exported, and nothing else is stamped. */
function checkStamps({ rig, batches }: Outcome): void {
  const roots = new Map(rig.named('log.process').map((span) => [keyOf(span), span]));
  for (const { stamp, logs } of batches) {
    for (const { key, filtered, json, loki } of logs) {
      const root = roots.get(key);
      const late = String(root?.attributes['log_capturer.sampling.reason']).startsWith('tail_');
      const stamped = root !== undefined && !filtered && !late && stamp !== 'none';
      const ids = {
        traceId: stamped ? root.traceId : undefined,
        spanId: stamped && stamp === 'trace_and_span' ? root.spanId : undefined,
      };
      expect({ key, ...json }).toEqual({ key, ...ids });
      expect({ key, ...loki }).toEqual({ key, ...ids });
    }
  }
}

function checkSums({ rig }: Outcome): void {
  const status = rig.tracing.status();
  const { queue_full, export_failed, shutdown } = status.spans_dropped;
  const created = status.spans_created.log + status.spans_created.system;
  expect(status.spans_exported + status.spans_queued + queue_full + export_failed + shutdown).toBe(created);
  expect(status.spans_exported).toBe(rig.spans.length);
  const reasons = Object.values(status.logs_traced_by_reason).reduce((sum, count) => sum + count, 0);
  expect(reasons).toBe(status.logs_traced);
}

const MANY = { numRuns: 60 };

test('every trace is whole, every log has at most one, and ids are those that were stamped', async () => {
  const seen = new Set<unknown>();
  await fc.assert(
    fc.asyncProperty(settings, fc.array(step, { minLength: 3, maxLength: 40 }), async (first, steps) => {
      const outcome = await run(first, steps, 2 ** 23);
      const { rig } = outcome;
      expect(rig.log.lines.filter(({ message }) => !message.startsWith('sink'))).toEqual([]);
      const traces = [...byTrace(rig.spans).values()];
      for (const spans of traces) checkTrace(spans);
      expectWhole(traces);
      expect(new Set(rig.spans.map(({ spanId }) => spanId)).size).toBe(rig.spans.length);
      checkModes(outcome);
      checkStamps(outcome);
      checkSums(outcome);
      expect(rig.tracing.status().spans_dropped.queue_full).toBe(0);
      expect(rig.tracing.status().logs_traced).toBe(rig.named('log.process').length);
      for (const { attributes } of rig.named('log.process')) {
        seen.add(attributes['log_capturer.sampling.reason']).add(attributes['log_capturer.outcome']);
      }
    }),
    MANY,
  );
  // The steps must have led to all of it, or nothing was shown.
  const reasons = ['mode', 'parent', 'base_rate', 'tail_slow', 'tail_failed'];
  expect(seen).toEqual(new Set([...reasons, 'delivered', 'filtered', 'dropped']));
});

test('when spans find no room no trace is half there, no log suffers and every span is counted', async () => {
  let lost = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
      const hold: Step = { kind: 'hold' };
      const outcome = await run('full-e2e, waterfall', [hold, ...steps], 2 ** 16);
      const { rig, logs } = outcome;
      const traces = [...byTrace(rig.spans).values()];
      for (const spans of traces) checkTrace(spans);
      expectWhole(traces);
      checkSums(outcome);
      lost += rig.tracing.status().spans_dropped.queue_full;
      expect(rig.dispatcher.status().recordsDone).toBe(logs);
    }),
    MANY,
  );
  expect(lost).toBeGreaterThan(0);
});

test('every log has a uid of its own, also over streams and batches', async () => {
  const { rig } = await run(
    'full-e2e, compact',
    (['a', 'b', 'a', 'c'] as const).flatMap((source): Step[] => [
      { kind: 'read', source, count: 100 },
      { kind: 'wait', ms: 150 },
    ]),
    2 ** 23,
  );
  const uids = rig.tracing.store
    .query({ limit: 1000 })
    .traces.map(({ spans }) => spans.at(-1)!.attributes.get('log.record.uid') as string);
  for (const uid of uids) expect(uid).toMatch(/^[0-9a-f]{8}-[0-9a-z]{8}-[0-9a-f]{12}$/);
  expect(new Set(uids).size).toBe(400);
});
