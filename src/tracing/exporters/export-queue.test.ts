import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deflated, plainSpan, runOf, scopeOf, tracesRun } from '../../../test/stubs/spans.ts';
import { PartialError, PermanentError, RetryableError } from '../../component/errors.ts';
import { FakeClock } from '../../component/fake-clock.ts';
import { plainSpans } from '../spans/span-run.ts';
import { decodeSpans } from '../spans/spans-decoder.ts';
import type { Run } from '../store/run.ts';
import { ExportQueue, type ExportQueueOptions } from './export-queue.ts';
import { type EncodedSpans, plainLength, TOO_LARGE, type Transport } from './transport.ts';

/** What the transport does with a batch. `hang` heeds the signal, `deaf` does not. */
type Answer =
  | 'ok'
  | 'retry'
  | 'refuse'
  | 'break'
  | 'hang'
  | 'deaf'
  | 'too large'
  | { after: number }
  | { rejects: number }
  | { most: number };

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Lets time pass in steps, between which what became due is done. */
async function pass(clock: FakeClock, ms: number, step = 250): Promise<void> {
  let left = ms;
  do {
    for (let i = 0; i < 4; i++) await turn();
    await clock.advance(Math.min(step, left));
    left -= step;
  } while (left > 0);
  for (let i = 0; i < 4; i++) await turn();
}

class ScriptedTransport implements Transport {
  readonly endpoint = 'http://collector:4318/v1/traces';
  /** Spans of every attempt, and of those that were accepted. */
  readonly attempts: number[] = [];
  readonly accepted: string[] = [];
  readonly answers: Answer[];
  underWay = 0;
  mostUnderWay = 0;
  closed = 0;

  constructor(answers: Answer[] = []) {
    this.answers = answers;
  }

  async send(batch: readonly EncodedSpans[], signal: AbortSignal): Promise<void> {
    this.mostUnderWay = Math.max(this.mostUnderWay, ++this.underWay);
    try {
      await this.#answer(batch, signal);
    } finally {
      this.underWay--;
    }
  }

  async #answer(batch: readonly EncodedSpans[], signal: AbortSignal): Promise<void> {
    const spans = batch.flatMap((part) => decodeSpans(plainSpans(part)));
    this.attempts.push(spans.length);
    const answer = this.answers.shift() ?? 'ok';
    await turn();
    if (answer === 'retry') throw new RetryableError('503', { reason: '5xx' });
    if (answer === 'refuse') throw new PermanentError('400 bad data', { reason: '400' });
    if (answer === 'too large') throw new PermanentError('413 too much', { reason: TOO_LARGE });
    if (answer === 'break') throw new TypeError('a bug');
    if (answer === 'hang') {
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    }
    if (answer === 'deaf') await new Promise(() => {});
    if (typeof answer === 'object' && 'most' in answer) {
      this.answers.unshift(answer);
      const bytes = batch.reduce((sum, part) => sum + plainLength(part), 0);
      if (bytes > answer.most) throw new PermanentError('413 too much', { reason: TOO_LARGE });
    }
    if (typeof answer === 'object' && 'after' in answer) {
      throw new RetryableError('429', { reason: '429', retryAfterMs: answer.after });
    }
    this.accepted.push(...spans.map((span) => span.traceId));
    if (typeof answer === 'object' && 'rejects' in answer)
      throw new PartialError('some', { reason: 'partial', count: answer.rejects });
  }

  async close(): Promise<void> {
    this.closed++;
  }
}

interface Overrides extends Partial<Omit<ExportQueueOptions, 'settings' | 'transport'>> {
  answers?: Answer[];
  settings?: Partial<ExportQueueOptions['settings']>;
}

function setUp({ answers = [], settings = {}, ...overrides }: Overrides = {}) {
  const clock = new FakeClock();
  const transport = new ScriptedTransport(answers);
  const logged: { fields: object; message: string }[] = [];
  const log = (fields: object, message: string) => {
    logged.push({ fields, message });
  };
  const queue = new ExportQueue({
    type: 'otlp',
    transport,
    settings: {
      batchTimeoutMs: 5000,
      maxExportBatchSize: 4,
      maxQueueSize: 12,
      exportTimeoutMs: 30_000,
      ...settings,
    },
    attemptTimeoutMs: 10_000,
    concurrency: 1,
    clock,
    log: { debug: log, info: log, warn: log, error: log },
    random: () => 1,
    ...overrides,
  });
  const runs: Run[] = [];
  let next = 1;
  /** Offers a run of so many traces. */
  const offer = (traces: number, spansPerTrace = 1, compressed = false) => {
    const plain = tracesRun(traces, spansPerTrace, next);
    const run = compressed ? deflated(plain) : plain;
    next += traces;
    runs.push(run);
    queue.offer(run);
    return run;
  };
  const counts = () => {
    const { queued_spans: queued, exported_spans: exported, dropped_spans: dropped } = queue.status();
    return { queued, exported, ...dropped };
  };
  return { clock, transport, queue, offer, runs, logged, counts };
}

const none = { queue_full: 0, export_failed: 0, shutdown: 0 };

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

describe('failures', () => {
  test('what may succeed later is sent again, after growing pauses', async () => {
    const { clock, transport, offer, counts } = setUp({ answers: ['retry', 'retry', 'retry'] });
    offer(4);
    await pass(clock, 999);
    expect(transport.attempts).toHaveLength(1);
    await pass(clock, 1);
    expect(transport.attempts).toHaveLength(2);
    await pass(clock, 1999);
    expect(transport.attempts).toHaveLength(2);
    await pass(clock, 1);
    await pass(clock, 4000);
    expect(transport.attempts).toHaveLength(4);
    expect(counts()).toEqual({ queued: 0, exported: 4, ...none });
  });

  test('half of a pause is left to chance', async () => {
    const { clock, transport, offer } = setUp({ answers: ['retry'], random: () => 0 });
    offer(4);
    await pass(clock, 500);
    expect(transport.attempts).toHaveLength(2);
  });

  test('a longer pause that the destination asks for is kept by every batch', async () => {
    const { clock, transport, offer } = setUp({ answers: [{ after: 20_000 }] });
    offer(8);
    await pass(clock, 19_999);
    expect(transport.attempts).toHaveLength(1);
    await pass(clock, 1);
    await pass(clock, 0);
    expect(transport.attempts).toHaveLength(3);
  });

  test('a pause beyond the time limit of an export ends it, but not the pause', async () => {
    const { clock, transport, offer, counts } = setUp({ answers: [{ after: 60_000 }] });
    offer(4);
    await pass(clock, 0);
    expect(counts()).toEqual({ queued: 0, exported: 0, ...none, export_failed: 4 });
    offer(4);
    await pass(clock, 59_999);
    expect(transport.attempts).toHaveLength(1);
    await pass(clock, 1);
    expect(transport.attempts).toHaveLength(2);
  });

  test('an export is given up when its time is over', async () => {
    const { clock, transport, offer, counts } = setUp({ answers: Array<Answer>(20).fill('retry') });
    offer(4);
    await pass(clock, 31_000);
    expect(counts()).toEqual({ queued: 0, exported: 0, ...none, export_failed: 4 });
    expect(transport.attempts).toHaveLength(5);
  });

  test.each(['refuse', 'break'] as const)('what can never succeed is not sent again (%s)', async (answer) => {
    const { clock, transport, offer, queue, counts } = setUp({ answers: [answer] });
    offer(4);
    await pass(clock, 60_000);
    expect(transport.attempts).toHaveLength(1);
    expect(counts()).toEqual({ queued: 0, exported: 0, ...none, export_failed: 4 });
    expect(queue.status().last_error).toMatch(/400 bad data|a bug/);
  });

  test('that spans are lost is logged at once, however shortly a failure was', async () => {
    const { clock, offer, logged } = setUp({ answers: Array<Answer>(20).fill('retry') });
    offer(4);
    await pass(clock, 31_000);
    expect(logged.map(({ message }) => message)).toEqual([
      'cannot export spans, will try again',
      'spans are dropped: the destination did not take them',
    ]);
  });

  test('the status says when spans were taken again', async () => {
    const { clock, offer, queue } = setUp({ answers: ['retry'] });
    offer(4);
    await pass(clock, 0);
    expect(queue.status().last_exported_at).toBeUndefined();
    await pass(clock, 1000);
    const { last_error_at: failedAt, last_exported_at: exportedAt } = queue.status();
    expect(Date.parse(exportedAt!) - Date.parse(failedAt!)).toBe(1000);
  });

  test('spans that the destination rejects are dropped, the others exported', async () => {
    const { clock, offer, counts } = setUp({ answers: [{ rejects: 3 }] });
    offer(4);
    await pass(clock, 0);
    expect(counts()).toEqual({ queued: 0, exported: 1, ...none, export_failed: 3 });
  });

  test.each(['hang', 'deaf'] as const)(
    'an attempt without an answer ends at its limit (%s)',
    async (answer) => {
      const { clock, transport, offer, queue } = setUp({ answers: [answer] });
      const startedAt = clock.toEpoch(clock.now());
      offer(4);
      await pass(clock, 10_999);
      expect(transport.attempts).toHaveLength(1);
      await pass(clock, 1);
      expect(transport.attempts).toHaveLength(2);
      const { last_error: error, last_error_at: at } = queue.status();
      expect([error, Date.parse(at!) - startedAt]).toEqual(['no answer within 10s', 10_000]);
    },
  );

  test('batches that fail together count as one failure', async () => {
    const { clock, transport, offer } = setUp({ concurrency: 3, answers: ['retry', 'retry', 'retry'] });
    offer(12);
    await pass(clock, 1000);
    expect(transport.attempts).toHaveLength(6);
  });

  test('the ring gets its runs back while nothing can be sent, and the spans survive it', async () => {
    const { clock, transport, offer } = setUp({ answers: ['retry'] });
    const runs = [offer(4), offer(2)];
    await pass(clock, 0);
    runs.push(offer(2));
    for (const run of runs) {
      expect(run.holders).toBe(0);
      run.bytes.fill(0xff);
    }
    await pass(clock, 10_000);
    expect(new Set(transport.accepted).size).toBe(8);
  });

  test('are logged once a minute, and their end once', async () => {
    const { clock, offer, logged } = setUp({ answers: Array<Answer>(10).fill('refuse') });
    for (let i = 0; i < 10; i++) {
      offer(4);
      await pass(clock, 7000);
    }
    expect(logged.map(({ message }) => message)).toEqual([
      'spans are dropped: the destination did not take them',
      'spans are dropped: the destination did not take them',
    ]);
    expect(logged[1]!.fields).toMatchObject({ warnings_not_shown: 8, error: '400 bad data' });
    offer(8);
    await pass(clock, 5000);
    expect(logged.slice(2).map(({ message }) => message)).toEqual(['spans are exported again']);
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

describe('a destination that takes no large requests', () => {
  const settings = { maxExportBatchSize: 100_000, maxQueueSize: 100_000 };
  /** Enough for a batch of 2 MiB. */
  const TRACES = 2 ** 21 / tracesRun(1, 1, 1).bytes.length;

  test.each([false, true])(
    'gets everything in smaller ones, and no large one again (compressed: %s)',
    async (compressed) => {
      const { clock, transport, offer, counts, logged } = setUp({
        settings,
        answers: [{ most: 200_000 }],
        concurrency: 2,
      });
      for (let i = 0; i < 10; i++) offer(Math.ceil(TRACES / 5), 1, compressed);
      const all = 10 * Math.ceil(TRACES / 5);
      await pass(clock, 10_000);
      expect(counts()).toEqual({ queued: 0, exported: all, ...none });
      expect(new Set(transport.accepted).size).toBe(all);
      expect(transport.accepted).toHaveLength(all);
      const told = logged.filter(({ message }) => message.includes('smaller'));
      expect(told.length).toBeGreaterThan(0);
      const before = transport.attempts.length;
      offer(Math.ceil(TRACES / 5), 1, compressed);
      await pass(clock, 10_000);
      expect(counts().exported).toBe(all + Math.ceil(TRACES / 5));
      expect(transport.attempts.length).toBeGreaterThan(before);
      expect(logged.filter(({ message }) => message.includes('smaller'))).toHaveLength(told.length);
    },
  );

  test('loses what it takes of no size, and is not asked in small ones again until it has taken something', async () => {
    const { clock, transport, offer, counts } = setUp({ settings, answers: [{ most: 0 }] });
    const half = Math.ceil(TRACES / 2);
    offer(half);
    await pass(clock, 10_000);
    expect(counts()).toEqual({ queued: 0, exported: 0, ...none, export_failed: half });
    transport.attempts.length = 0;
    offer(half);
    await pass(clock, 10_000);
    expect(transport.attempts).toEqual([half]);
    expect(counts().export_failed).toBe(2 * half);
    transport.answers.splice(0, 1, 'ok', { most: 500_000 });
    offer(10);
    await pass(clock, 10_000);
    offer(half);
    await pass(clock, 10_000);
    expect(counts()).toEqual({ queued: 0, exported: 10 + half, ...none, export_failed: 2 * half });
  });

  test.each([0, 100, 5000])('counts every span once when the agent stops within %i ms', async (deadline) => {
    const { clock, queue, offer, runs, counts } = setUp({ settings, answers: ['hang', { most: 150_000 }] });
    offer(Math.ceil(TRACES / 2));
    offer(Math.ceil(TRACES / 4));
    await pass(clock, 5000);
    const done = queue.shutdown(deadline);
    await pass(clock, 20_000);
    await done;
    const { queued, exported, export_failed, shutdown } = counts();
    expect(queued).toBe(0);
    expect(exported + export_failed + shutdown).toBe(Math.ceil(TRACES / 2) + Math.ceil(TRACES / 4));
    expect(runs.map(({ holders }) => holders)).toEqual([0, 0]);
  });

  test('loses a span that is too large by itself', async () => {
    const { clock, queue, counts } = setUp({ settings, answers: [{ most: 100_000 }] });
    queue.offer(runOf([{ ...plainSpan(1), name: 'x'.repeat(200_000) }]));
    await pass(clock, 10_000);
    expect(counts()).toEqual({ queued: 0, exported: 0, ...none, export_failed: 1 });
  });
});
