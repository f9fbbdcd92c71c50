/**
 * What the agent exports, as bytes on the wire and decoded by a library that shares no code with it, is what
 * OpenTelemetry's own SDK and exporter send for the same logs.
 */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PartialError, PermanentError, RetryableError } from '../../src/component/errors.ts';
import type { Processor } from '../../src/component/processor.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import type { Batch } from '../../src/record/batch.ts';
import { ContextFlag, ContextRow } from '../../src/record/traced.ts';
import { createExporters } from '../../src/tracing/exporters/create.ts';
import { encodeEnvelope } from '../../src/tracing/spans/resource.ts';
import { filter, TracingRig } from '../fixtures/tracing.ts';
import { OtlpCollector } from '../stubs/otlp-collector.ts';
import { type CanonicalSpan, canonical, type RawSpan } from './canonical.ts';
import { SdkExport } from './sdk-export.ts';
import { type ExpectedLog, SdkObserver } from './sdk-observer.ts';

let collector: OtlpCollector;
let sdk: SdkExport;

beforeEach(async () => {
  [collector, sdk] = await Promise.all([OtlpCollector.http(), SdkExport.start()]);
});
afterEach(async () => {
  await Promise.all([collector.close(), sdk.stop()]);
});

interface SetUp {
  readonly tracing: object;
  readonly sinks?: readonly string[];
  /** Processors of source `a`. */
  readonly processors?: (kernel: () => Kernel) => readonly Processor[];
  readonly logs?: (batch: Batch) => readonly ExpectedLog[];
  readonly giveUpAfterMs?: number;
  readonly random?: () => number;
}

/** A rig whose batches are watched by the oracle as well. */
function rigWith({ tracing, processors, logs = everyLog('mode', 'ot=th:0'), ...options }: SetUp): TracingRig {
  const rig: TracingRig = new TracingRig({
    tracing,
    processors: processors?.(() => rig.kernel) ?? [],
    observers: [
      {
        settled: (delivery, outcome, reason) => oracle().settled(delivery, outcome, reason),
        completed: (...event) => oracle().completed(...event),
      },
    ],
    ...options,
  });
  let made: SdkObserver | undefined;
  const oracle = () => {
    const settings = rig.tracing.settings;
    made ??= new SdkObserver({
      processor: sdk.processor,
      mode: settings.mode,
      compact: settings.logSpans === 'compact',
      epoch: rig.clock.toEpoch(0),
      isProcessed: (source) => source === 'a' && processors !== undefined,
      logs,
    });
    return made;
  };
  return rig;
}

/** All logs of a batch; those that were filtered out after the others of their segment. */
function everyLog(reason: string, traceState: string) {
  return (batch: Batch) =>
    batch.segments.flatMap((segment) => {
      const { first, count, live } = segment;
      const all = Array.from({ length: count }, (_, i) => first + i);
      const rows = live === null ? all : [...live, ...all.filter((row) => !live.includes(row))];
      return rows.map((row): ExpectedLog => ({ segment, row, reason, traceState }));
    });
}

/** Those that the tracer chose; which ones is not what is tested here. */
function chosenLogs(reason: string, traceState: string, more: Partial<ExpectedLog> = {}) {
  return (batch: Batch) =>
    batch.segments.flatMap((segment) =>
      Array.from(
        segment.traced?.rows ?? [],
        (row): ExpectedLog => ({ segment, row, reason, traceState, ...more }),
      ),
    );
}

/** Sends every run of the rig through the agent's OTLP exporter. */
async function exported(rig: TracingRig): Promise<RawSpan[]> {
  const settings = rig.settings({ exporter: { type: 'otlp', endpoint: `${collector.url}/v1/traces` } });
  const host = { hostname: 'host', instanceId: 'instance' };
  const envelope = encodeEnvelope(settings.resource, host, '1.2.3');
  const [exporter] = createExporters(settings.exporters, {
    envelope,
    version: '1.2.3',
    clock: rig.clock,
    log: rig.log,
  });
  for (const run of rig.exporter.runs) exporter!.offer(run);
  await exporter!.shutdown(30_000);
  expect(collector.violations).toEqual([]);
  return collector.spans as RawSpan[];
}

/** Both sides, and that they are the same. */
async function expectSame(rig: TracingRig): Promise<readonly CanonicalSpan[]> {
  const ours = canonical(await exported(rig));
  const theirs = canonical(await sdk.finish());
  expect(ours.map(({ id }) => id)).toEqual(theirs.map(({ id }) => id));
  expect(ours).toEqual(theirs);
  return ours;
}

const lines = (count: number) => Array.from({ length: count }, (_, i) => `line ${i} ${'x'.repeat(i % 300)}`);

describe.each(['compact', 'waterfall'])('%s spans are those of the SDK', (shape) => {
  const fullE2e = { mode: 'full-e2e', log_spans: shape };

  test('when everything goes well, to two sinks', async () => {
    const rig = rigWith({ tracing: fullE2e, sinks: ['loki', 'archive'] });
    rig.read(lines(300));
    await rig.clock.advance(37.125);
    rig.read(lines(5), rig.stream('b'));
    await rig.seal();
    await rig.sinks[1]!.answer();
    await rig.answer(undefined, 12.5);
    const spans = await expectSame(rig);
    const perLog = shape === 'compact' ? 1 : 4;
    expect(spans).toHaveLength(305 * perLog + 3);
  });

  test('when processors filter logs', async () => {
    const rig = rigWith({
      tracing: fullE2e,
      processors: (kernel) => [filter(kernel, (line) => !line.startsWith('line 1'))],
    });
    await rig.deliver(lines(20));
    await rig.deliver(['line 1', 'line 1']);
    const spans = await expectSame(rig);
    const filtered = spans.filter(
      ({ attributes }) => attributes['log_capturer.outcome'] === 'string filtered',
    );
    expect(filtered).toHaveLength(11 + 2);
  });

  test('when a sink fails, is tried again and succeeds', async () => {
    const rig = rigWith({ tracing: fullE2e });
    rig.read(lines(3));
    await rig.seal();
    await rig.answer(new RetryableError('later', { reason: '503' }));
    await rig.clock.advance(1000);
    await rig.answer(new Error('a fault of our own'));
    await rig.clock.advance(2000);
    await rig.answer();
    await expectSame(rig);
  });

  test('when a sink refuses all logs, or some, while another takes them', async () => {
    const rig = rigWith({ tracing: fullE2e, sinks: ['loki', 'archive'] });
    rig.read(lines(6));
    await rig.seal();
    await rig.sinks[0]!.answer(new PermanentError('no', { reason: 'too_old' }));
    await rig.sinks[1]!.answer();
    rig.read(lines(6));
    await rig.seal();
    await rig.sinks[0]!.answer(
      new PartialError('some', { reason: 'rate_limited', count: 2, indexes: [1, 4] }),
    );
    await rig.sinks[1]!.answer();
    const spans = await expectSame(rig);
    const failed = spans.filter(({ name, status }) => name === 'log.process' && 'code' in status);
    expect(failed).toHaveLength(8);
  });

  test('when no sink takes the logs', async () => {
    const rig = rigWith({ tracing: fullE2e });
    rig.read(lines(2), rig.stream('c'));
    await rig.seal();
    const spans = await expectSame(rig);
    expect(spans.filter(({ status }) => JSON.stringify(status).includes('unrouted'))).toHaveLength(2);
  });

  test('when attributes are added, from the configuration and from fields', async () => {
    const fields = {
      text: 'é\u2028"',
      long: 'y'.repeat(50),
      whole: 7,
      negative: -7,
      large: 2 ** 40,
      broken: 0.1,
      yes: true,
      secret: 'hunter2',
      nested: { deep: 'down' },
    };
    const rig = rigWith({
      tracing: {
        ...fullE2e,
        annotate: {
          attributes: { team: 'payments', empty: '' },
          fields: [...Object.keys(fields).filter((key) => key !== 'nested'), 'nested.deep', 'absent'],
          max_length: 20,
          redact: ['secret'],
        },
      },
      processors: () => [
        {
          process(batch) {
            batch.fields = { at: (row) => (row % 2 === 0 ? fields : undefined) };
          },
        },
      ],
      logs: (batch) =>
        everyLog(
          'mode',
          'ot=th:0',
        )(batch).map((log) => ({
          ...log,
          attributes: {
            team: 'payments',
            empty: '',
            ...(log.row % 2 === 0 && {
              ...Object.fromEntries(Object.entries(fields).filter(([key]) => key !== 'nested')),
              long: 'y'.repeat(20),
              secret: '[redacted]',
              'nested.deep': 'down',
            }),
          },
        })),
    });
    await rig.deliver(lines(4));
    await expectSame(rig);
  });
});

describe('sampled logs', () => {
  test.each([
    [0.5, 'ot=th:8'],
    [0.25, 'ot=th:c'],
    [0.1, 'ot=th:e6666666666666'],
  ])('at a rate of %d carry %s', async (rate, traceState) => {
    const rig = rigWith({
      tracing: { mode: 'hybrid', log_tracing_rate: rate },
      logs: chosenLogs('base_rate', traceState),
    });
    await rig.deliver(lines(200));
    const spans = await expectSame(rig);
    expect(spans.filter(({ name }) => name === 'log.process').length).toBeGreaterThan(0);
  });

  test('by a rule carry its note', async () => {
    const rig = rigWith({
      tracing: { mode: 'hybrid' },
      logs: (batch) =>
        everyLog(
          'on_demand',
          'ot=th:0',
        )(batch).map((log) => ({
          ...log,
          attributes: { 'log_capturer.on_demand.note': 'OPS-1' },
        })),
    });
    rig.tracing.rules.enable({ source_id: 'a', rate: 1, note: 'OPS-1' });
    await rig.deliver(lines(3));
    await expectSame(rig);
  });

  test('kept because they were slow have no weight', async () => {
    const rig = rigWith({
      tracing: { mode: 'hybrid', tail: { slow: '1s', max_per_second: 3 } },
      // The first of its segment, as many as the budget allows.
      logs: (batch) => everyLog('tail_slow', '')(batch).slice(0, 3),
    });
    rig.read(lines(10));
    await rig.seal();
    await rig.answer(undefined, 5000);
    await expectSame(rig);
  });
});

describe('logs that came with a trace', () => {
  const traceId = Buffer.from('0af7651916cd43dd8448eb211c80319c', 'hex');
  const spanId = Buffer.from('b7ad6b7169203331', 'hex');

  /** Rows by threes: with a sampled context, with an unsampled one, with none. */
  const contexts: Processor = {
    process(batch, { first, count }) {
      const { slot } = batch;
      for (let row = first; row < first + count; row++) {
        const at = row * ContextRow.size;
        slot.contexts.set(traceId, at + ContextRow.traceId);
        slot.contexts.set(spanId, at + ContextRow.spanId);
        slot.contexts[at + ContextRow.flags] = row % 3 === 0 ? ContextFlag.sampled : 0;
        slot.contexts[at + ContextRow.present] = row % 3 === 2 ? 0 : 1;
      }
      batch.hasContexts = true;
    },
  };
  const present = (row: number) => row % 3 !== 2;

  test('join it in compact shape while others have a waterfall', async () => {
    const rig = rigWith({
      tracing: { mode: 'full-e2e', log_spans: 'waterfall', incoming: 'parent' },
      processors: () => [contexts],
      logs: (batch) =>
        everyLog('mode', 'ot=th:0')(batch).map((log) => ({ ...log, joined: present(log.row) })),
    });
    await rig.deliver(lines(9));
    const spans = await expectSame(rig);
    expect(spans.filter(({ trace }) => trace === traceId.toString('hex'))).toHaveLength(6);
  });

  test('are traced for its sake only when it is sampled', async () => {
    const rig = rigWith({
      tracing: { mode: 'hybrid', incoming: 'parent' },
      processors: () => [contexts],
      logs: (batch) =>
        everyLog(
          'parent',
          '',
        )(batch)
          .filter(({ row }) => row % 3 === 0)
          .map((log) => ({ ...log, joined: true })),
    });
    await rig.deliver(lines(9));
    const spans = await expectSame(rig);
    expect(spans.filter(({ name }) => name === 'log.process')).toHaveLength(3);
  });

  test('link to it when they have traces of their own', async () => {
    const rig = rigWith({
      tracing: { mode: 'full-e2e', incoming: 'link' },
      processors: () => [contexts],
      logs: (batch) =>
        everyLog('mode', 'ot=th:0')(batch).map((log) => ({ ...log, linked: present(log.row) })),
    });
    await rig.deliver(lines(9));
    await expectSame(rig);
  });

  test('know nothing of it when it is ignored', async () => {
    const rig = rigWith({
      tracing: { mode: 'full-e2e', incoming: 'ignore' },
      processors: () => [contexts],
    });
    await rig.deliver(lines(9));
    await expectSame(rig);
  });
});

test('system spans are those of the SDK, attempts and sources included', async () => {
  const rig = rigWith({ tracing: { mode: 'system-only' }, sinks: ['loki', 'archive'], logs: () => [] });
  rig.read(lines(10));
  rig.read(lines(4), rig.stream('b'));
  await rig.seal();
  await rig.sinks[0]!.answer(new RetryableError('busy', { reason: '429' }));
  await rig.sinks[1]!.answer(new PermanentError('no', { reason: 'too_large' }));
  await rig.clock.advance(1000);
  await rig.answer();
  await rig.deliver(lines(1));
  const spans = await expectSame(rig);
  expect(spans).toHaveLength(4 + 3);
});

test('whatever happens to random batches, the spans are those of the SDK', async () => {
  const endings = fc.constantFrom<Error | undefined>(
    undefined,
    new RetryableError('later', { reason: '503' }),
    new PermanentError('no', { reason: '400' }),
    new PartialError('some', { reason: 'rate_limited', count: 1, indexes: [0] }),
  );
  const step = fc.record({
    counts: fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 1, max: 200 })), {
      minLength: 1,
      maxLength: 4,
    }),
    pauseMs: fc.double({ min: 0.001, max: 3000, noNaN: true }),
    endings: fc.array(fc.tuple(endings, endings), { maxLength: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('compact', 'waterfall'),
      fc.boolean(),
      fc.array(step, { minLength: 1, maxLength: 4 }),
      async (shape, filters, steps) => {
        await Promise.all([collector.close(), sdk.stop()]);
        [collector, sdk] = await Promise.all([OtlpCollector.http(), SdkExport.start()]);
        const rig = rigWith({
          tracing: { mode: 'full-e2e', log_spans: shape },
          sinks: ['loki', 'archive'],
          ...(filters && { processors: (kernel) => [filter(kernel, (line) => !line.includes('7'))] }),
        });
        for (const { counts, pauseMs, endings } of steps) {
          for (const [source, count] of counts) rig.read(lines(count), rig.stream(source));
          await rig.seal();
          for (const pair of [...endings, [undefined, undefined]]) {
            await rig.clock.advance(pauseMs);
            for (const [i, sink] of rig.sinks.entries()) if (sink.waiting > 0) await sink.answer(pair[i]);
          }
          // What failed last is tried again at the latest after the longest pause.
          while (rig.dispatcher.status().batchesInFlight > 0) await rig.answer(undefined, 30_000);
        }
        await expectSame(rig);
      },
    ),
    { numRuns: 25 },
  );
});
