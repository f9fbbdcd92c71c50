/** A queue before a transport that does what it is told, for tests. */
import { deflated, tracesRun } from '../../../test/stubs/spans.ts';
import { PartialError, PermanentError, RetryableError } from '../../component/errors.ts';
import { FakeClock } from '../../component/fake-clock.ts';
import { plainSpans } from '../spans/span-run.ts';
import { decodeSpans } from '../spans/spans-decoder.ts';
import type { Run } from '../store/run.ts';
import { ExportQueue, type ExportQueueOptions } from './export-queue.ts';
import { type EncodedSpans, plainLength, TOO_LARGE, type Transport } from './transport.ts';

/** What the transport does with a batch. `hang` heeds the signal, `deaf` does not. */
export type Answer =
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

export const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Lets time pass in steps, between which what became due is done. */
export async function pass(clock: FakeClock, ms: number, step = 250): Promise<void> {
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

export function setUp({ answers = [], settings = {}, ...overrides }: Overrides = {}) {
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

/** Nothing dropped. */
export const none = { queue_full: 0, export_failed: 0, shutdown: 0 };
