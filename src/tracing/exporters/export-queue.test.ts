import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Answer, none, pass, setUp, turn } from '../../../test/fixtures/export-queue.ts';
import { plainSpan, runOf, scopeOf, tracesRun } from '../../../test/stubs/spans.ts';

describe('batches', () => {
  test('a full batch goes at once, what remains when its time has come', async () => {
    const { clock, transport, offer, counts } = setUp();
    offer(2);
    offer(2);
    offer(2);
    await pass(clock, 4999);
    expect(transport.attempts).toEqual([4]);
    await pass(clock, 1);
    expect(transport.attempts).toEqual([4, 2]);
    await turn();
    expect(counts()).toEqual({ queued: 0, exported: 6, ...none });
  });

  test('a batch also goes at once when it has the bytes of a request', async () => {
    const { clock, transport, offer } = setUp({
      settings: { maxExportBatchSize: 100_000, maxQueueSize: 100_000 },
    });
    const traces = Math.ceil(2 ** 21 / tracesRun(1).bytes.length / 3);
    for (let i = 0; i < 3; i++) offer(traces);
    await pass(clock, 1000);
    expect(transport.attempts).toEqual([2 * traces]);
    await pass(clock, 4000);
    expect(transport.attempts).toEqual([2 * traces, traces]);
  });

  test('a run that fits into one batch is not divided between two', async () => {
    const { clock, transport, offer } = setUp();
    offer(3);
    offer(3);
    await pass(clock, 4999);
    expect(transport.attempts).toEqual([3]);
  });

  test('a run larger than a batch is cut between traces', async () => {
    const { clock, transport, offer } = setUp({ settings: { maxExportBatchSize: 5, maxQueueSize: 100 } });
    offer(5, 3);
    await pass(clock, 5000);
    await pass(clock, 0);
    expect(transport.attempts).toEqual([3, 3, 3, 3, 3]);
    expect(new Set(transport.accepted).size).toBe(5);
  });

  test('so is one that is compressed', async () => {
    const { clock, transport, offer, runs } = setUp();
    offer(10, 1, true);
    await turn();
    await pass(clock, 5000);
    expect(transport.attempts).toEqual([4, 4, 2]);
    expect(new Set(transport.accepted).size).toBe(10);
    expect(runs[0]!.holders).toBe(0);
  });

  test('a request has no more than 2 MiB', async () => {
    const value = { stringValue: 'x'.repeat(600_000) };
    const { clock, transport, queue } = setUp({ settings: { maxExportBatchSize: 100, maxQueueSize: 100 } });
    const spans = [1, 2, 3, 4, 5].map((n) => ({ ...plainSpan(n), attributes: [{ key: 'k', value }] }));
    queue.offer(runOf(spans));
    await pass(clock, 5000);
    await pass(clock, 0);
    expect(transport.attempts).toEqual([3, 2]);
  });

  test('scopes count too, once for spans that share one', async () => {
    const { queue, transport, clock } = setUp({ settings: { maxExportBatchSize: 100, maxQueueSize: 100 } });
    const large = (of: string) => scopeOf({ [of]: 'x'.repeat(900 * 1024) });
    const [a, b, c] = [large('a'), large('b'), large('c')];
    for (const scope of [a, a, b, b, c]) queue.offer(runOf([plainSpan(1)], scope));
    await pass(clock, 5000);
    expect(transport.attempts).toEqual([4, 1]);
  });

  test('no more requests than allowed are under way', async () => {
    const { clock, transport, offer } = setUp({ concurrency: 2, settings: { maxExportBatchSize: 1 } });
    offer(8);
    await pass(clock, 5000);
    expect(transport.accepted).toHaveLength(8);
    expect(transport.mostUnderWay).toBe(2);
  });
});

describe('what does not fit', () => {
  test('is dropped, whole traces of it, while the rest is kept', async () => {
    const { clock, transport, offer, counts, logged } = setUp({
      answers: ['hang'],
      settings: { maxExportBatchSize: 4, maxQueueSize: 7 },
    });
    offer(4);
    await turn();
    offer(3, 3);
    expect(counts()).toEqual({ queued: 10, exported: 0, ...none, queue_full: 3 });
    expect(logged).toEqual([
      {
        fields: expect.objectContaining({ exporter: 'otlp', max_queue_size: 7 }),
        message: expect.any(String),
      },
    ]);
    await pass(clock, 60_000);
    expect(new Set(transport.accepted).size).toBe(6);
  });

  test('of a compressed run all is dropped that does not fit as a whole', () => {
    const { offer, counts } = setUp({ settings: { maxExportBatchSize: 12 } });
    offer(8, 1, true);
    const run = offer(5, 1, true);
    expect(counts()).toEqual({ queued: 8, exported: 0, ...none, queue_full: 5 });
    expect(run.holders).toBe(0);
  });

  test('leaves its run free', () => {
    const { offer } = setUp({ settings: { maxExportBatchSize: 12 } });
    offer(11);
    expect(offer(1, 3).holders).toBe(0);
  });
});

describe('shutdown', () => {
  test('sends what waits, closes the transport once, and takes nothing more', async () => {
    const { transport, queue, offer, counts } = setUp();
    offer(6);
    const first = queue.shutdown(1000);
    expect(queue.shutdown(1000)).toBe(first);
    await first;
    const late = offer(3);
    expect(late.holders).toBe(0);
    expect(counts()).toEqual({ queued: 0, exported: 6, ...none, shutdown: 3 });
    expect(transport.closed).toBe(1);
  });

  test.each(['hang', 'deaf'] as const)('ends at the deadline and drops the rest (%s)', async (answer) => {
    const { clock, queue, offer, counts, runs } = setUp({ answers: [answer] });
    offer(6);
    const done = queue.shutdown(1000);
    await pass(clock, 1000);
    await done;
    expect(counts()).toEqual({ queued: 0, exported: 0, ...none, shutdown: 6 });
    expect(runs[0]!.holders).toBe(0);
  });

  test('says how many spans were lost, by reason', async () => {
    const { clock, queue, offer, logged } = setUp({ answers: ['refuse', 'deaf'] });
    offer(4);
    await pass(clock, 100);
    offer(4);
    const done = queue.shutdown(1000);
    await pass(clock, 1000);
    await done;
    expect(logged.at(-1)).toMatchObject({
      fields: { exporter: 'otlp', export_failed: 4, shutdown: 4, queue_full: 0 },
      message: 'spans were dropped since this exporter began',
    });
  });

  test('says nothing of lost spans when there are none', async () => {
    const { clock, queue, offer, logged } = setUp();
    offer(4);
    const done = queue.shutdown(1000);
    await pass(clock, 1000);
    await done;
    expect(logged).toEqual([]);
  });

  test('tries again while there is time', async () => {
    const { clock, queue, offer, counts } = setUp({ answers: ['retry'] });
    offer(2);
    const done = queue.shutdown(5000);
    await pass(clock, 5000);
    await done;
    expect(counts()).toEqual({ queued: 0, exported: 2, ...none });
  });

  test('does not wait for a destination that wants to be asked after the deadline', async () => {
    const { clock, queue, offer, counts } = setUp({ answers: [{ after: 20_000 }] });
    offer(6);
    await pass(clock, 0);
    await queue.shutdown(5000);
    expect(counts()).toEqual({ queued: 0, exported: 0, ...none, shutdown: 6 });
  });
});

const anyAnswer: fc.Arbitrary<Answer> = fc.oneof(
  fc.constantFrom<Answer[]>('ok', 'retry', 'refuse', 'break', 'hang', 'deaf'),
  fc.record({ after: fc.nat(50_000) }),
  fc.record({ rejects: fc.integer({ min: -2, max: 9 }) }),
  fc.constant<Answer>('too large'),
);
const anyStep = fc.oneof(
  fc.record({
    traces: fc.integer({ min: 1, max: 6 }),
    spans: fc.integer({ min: 1, max: 4 }),
    compressed: fc.boolean(),
  }),
  fc.record({ wait: fc.nat(12_000) }),
);

test('whatever the destination does: offered = exported + dropped + queued, and every run is released', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyAnswer, { maxLength: 15 }),
      fc.array(anyStep, { maxLength: 15 }),
      fc.integer({ min: 1, max: 3 }),
      fc.nat(20_000),
      async (answers, steps, concurrency, deadline) => {
        const { clock, queue, offer, runs, counts } = setUp({ answers, concurrency });
        let offered = 0;
        const balanced = () => {
          const { queued, exported, queue_full, export_failed, shutdown } = counts();
          expect(exported + queue_full + export_failed + shutdown + queued).toBe(offered);
        };
        for (const step of steps) {
          if ('wait' in step) await pass(clock, step.wait, 1000);
          else offered += offer(step.traces, step.spans, step.compressed).spans;
          balanced();
        }
        const done = queue.shutdown(deadline);
        await pass(clock, deadline, 1000);
        await done;
        balanced();
        expect(queue.status().queued_spans).toBe(0);
        for (const run of runs) expect(run.holders).toBe(0);
        expect(clock.timers).toBe(0);
      },
    ),
    { numRuns: 1000 },
  );
});
