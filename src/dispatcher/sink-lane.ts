/**
 * The way of deliveries to one sink: a queue, as many at once as the sink allows, and retries until the sink has
 * taken them or refused them for good. The queue is bounded by the slot pool. Lanes know nothing of each other.
 *
 * A failure is the sink's, not the delivery's: the whole lane pauses, then one delivery alone tries whether the sink
 * works again, and only its success lets the others follow. So an outage costs one encoding a pause, not one for each
 * delivery that waits.
 */
import type { Clock } from '../component/clock.ts';
import { PartialError, PermanentError, RetryableError } from '../component/errors.ts';
import { liveRow } from '../component/lines.ts';
import type { Logger } from '../component/logger.ts';
import type { Sink } from '../component/sink.ts';
import type { SinkStatus } from '../component/status.ts';
import type { Delivery } from '../record/delivery.ts';
import { liveCount } from '../record/segment.ts';
import { backoffMs, type RetryPolicy } from './backoff.ts';
import { DropLog } from './drop-log.ts';
import type { Lane } from './lane.ts';
import { Account } from './ledger.ts';

/** How a delivery ended: everything not rejected was delivered. */
export interface Settlement {
  readonly rejected: number;
  /** Indexes in the batch of the rejected records, where the destination named them. */
  readonly indexes: readonly number[] | null;
  readonly reason: string;
}

export interface SinkLaneOptions {
  readonly id: string;
  readonly sink: Sink;
  readonly selects: (sourceId: string) => boolean;
  readonly retry: RetryPolicy;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onAttempt: (delivery: Delivery, retryInMs?: number) => void;
  readonly onSettled: (delivery: Delivery, settlement: Settlement) => void;
}

/** How often a sink that keeps failing is logged again, in milliseconds. */
const LOG_EVERY_MS = 60_000;

const SUCCESS: Settlement = { rejected: 0, indexes: null, reason: '' };

export class SinkLane implements Lane {
  readonly id: string;
  readonly account = new Account();
  readonly #options: SinkLaneOptions;
  readonly #queue: Delivery[] = [];
  readonly #sending = new Set<Delivery>();
  readonly #abort = new AbortController();
  readonly #drops: DropLog;
  #sink: Sink;
  #selects: (sourceId: string) => boolean;
  /** Attempts under way by sink, and who waits until a replaced sink has none. */
  readonly #attempting = new Map<Sink, number>();
  readonly #replaced = new Map<Sink, () => void>();
  #attempts = 0;
  #retries = 0;
  /** Failures since the sink last worked; those of attempts side by side count as one. */
  #failures = 0;
  #pause: { readonly until: number; readonly cancel: () => void } | null = null;
  #loggedAt = Number.NEGATIVE_INFINITY;
  #lastError: SinkStatus['last_error'];

  constructor(options: SinkLaneOptions) {
    this.id = options.id;
    this.#sink = options.sink;
    this.#selects = options.selects;
    this.#options = options;
    this.#drops = new DropLog(options);
  }

  selects(sourceId: string): boolean {
    return this.#selects(sourceId);
  }

  enqueue(delivery: Delivery): void {
    this.account.accept(delivery.records, delivery.bytes);
    this.#queue.push(delivery);
    this.#pump();
  }

  get idle(): boolean {
    return this.#queue.length === 0 && this.#sending.size === 0;
  }

  replaceSink(sink: Sink, selects: (sourceId: string) => boolean): Promise<void> {
    const old = this.#sink;
    this.#sink = sink;
    this.#selects = selects;
    // What made the old one fail may be mended now.
    this.hurry();
    this.#pump();
    if (!this.#attempting.has(old)) return Promise.resolve();
    return new Promise((resolve) => this.#replaced.set(old, resolve));
  }

  hurry(): void {
    if (this.#pause === null) return;
    this.#endPause();
    this.#pump();
  }

  abandon(): void {
    this.#abort.abort(new Error(`sink ${this.id} is stopping`));
    this.#endPause();
    this.#drops.close();
  }

  status(now: number): SinkStatus {
    let inFlight = 0;
    let oldest = now;
    for (const delivery of [...this.#sending, ...this.#queue]) {
      inFlight += delivery.records;
      oldest = Math.min(oldest, delivery.batch.sealedAt);
    }
    return {
      state: this.#abort.signal.aborted ? 'stopped' : this.#failures > 0 ? 'retrying' : 'ok',
      queued_batches: this.#queue.length,
      sending_batches: this.#sending.size,
      attempts: this.#attempts,
      retries: this.#retries,
      ...(this.#lastError && { last_error: this.#lastError }),
      oldest_unacknowledged_seconds: (now - oldest) / 1000,
      ...(this.#sink.status && { details: this.#sink.status() }),
      ledger: this.account.status(inFlight),
    };
  }

  #pump(): void {
    if (this.#pause !== null || this.#abort.signal.aborted) return;
    const limit = this.#failures > 0 ? 1 : this.#sink.concurrency;
    while (this.#sending.size < limit && this.#queue.length > 0) {
      const delivery = this.#queue.shift()!;
      this.#sending.add(delivery);
      void this.#attempt(delivery);
    }
  }

  async #attempt(delivery: Delivery): Promise<void> {
    const { clock } = this.#options;
    const sink = this.#sink;
    const signal = this.#abort.signal;
    const startedAt = clock.now();
    this.#attempts++;
    if (delivery.attempts.length > 0) this.#retries++;
    let error: Error | undefined;
    this.#attempting.set(sink, (this.#attempting.get(sink) ?? 0) + 1);
    try {
      await sink.write(delivery, signal);
    } catch (thrown) {
      error = thrown instanceof Error ? thrown : new Error(String(thrown));
    }
    this.#ended(sink);
    if (error !== undefined && signal.aborted) return;
    delivery.attempts.push({ startedAt, endedAt: clock.now(), ...(error && { error }) });

    if (error === undefined) this.#settle(delivery, SUCCESS);
    else if (error instanceof PartialError || error instanceof PermanentError) this.#refused(delivery, error);
    else this.#failed(delivery, error);
    this.#pump();
  }

  #ended(sink: Sink): void {
    const left = this.#attempting.get(sink)! - 1;
    if (left > 0) {
      this.#attempting.set(sink, left);
      return;
    }
    this.#attempting.delete(sink);
    this.#replaced.get(sink)?.();
    this.#replaced.delete(sink);
  }

  /** The sink has answered for good, so it works. */
  #settle(delivery: Delivery, settlement: Settlement): void {
    const { log, onAttempt } = this.#options;
    // In a pause it only says how things were before the failure.
    if (this.#failures > 0 && this.#pause === null) {
      this.#failures = 0;
      this.#loggedAt = Number.NEGATIVE_INFINITY;
      log.info({ sink: this.id }, 'sink works again');
    }
    onAttempt(delivery);
    this.#finish(delivery, settlement);
  }

  #refused(delivery: Delivery, error: PartialError | PermanentError): void {
    const settlement =
      error instanceof PartialError
        ? { rejected: Math.min(error.count, delivery.records), indexes: error.indexes, reason: error.reason }
        : { rejected: delivery.records, indexes: null, reason: error.reason };
    this.#remember(error);
    this.#drops.add(delivery, settlement, error.message);
    this.#settle(delivery, settlement);
  }

  #failed(delivery: Delivery, error: Error): void {
    const { clock, retry, onAttempt } = this.#options;
    const now = clock.now();
    const pauseMs = this.#pauseAfter(error);
    this.#remember(error);
    if (retry.giveUpAfterMs > 0 && now + pauseMs - delivery.attempts[0]!.startedAt > retry.giveUpAfterMs) {
      const settlement = givenUp(delivery);
      const advice = 'tried for as long as dispatcher.retry.give_up_after allows (0: never give up)';
      this.#drops.add(delivery, settlement, `${error.message}; ${advice}`);
      onAttempt(delivery);
      this.#finish(delivery, settlement);
      return;
    }
    this.#sending.delete(delivery);
    // Where order matters the same delivery is next. Elsewhere others are tried before it, lest the one that the sink
    // cannot take holds up all those that it can.
    if (this.#sink.concurrency === 1) this.#queue.unshift(delivery);
    else this.#queue.push(delivery);
    this.#logFailure(error, pauseMs);
    onAttempt(delivery, pauseMs);
  }

  #finish(delivery: Delivery, settlement: Settlement): void {
    this.#sending.delete(delivery);
    this.#options.onSettled(delivery, settlement);
  }

  /** Pauses the lane and returns for how long. In a pause already, only what the destination asks for lengthens it. */
  #pauseAfter(error: Error): number {
    const { clock, retry } = this.#options;
    const now = clock.now();
    const askedMs = error instanceof RetryableError ? error.retryAfterMs : 0;
    const pauseMs =
      this.#pause === null
        ? backoffMs(retry, ++this.#failures, askedMs)
        : Math.max(this.#pause.until - now, askedMs);
    this.#endPause();
    const cancel = clock.after(pauseMs, () => {
      this.#pause = null;
      this.#pump();
    });
    this.#pause = { until: now + pauseMs, cancel };
    return pauseMs;
  }

  #endPause(): void {
    this.#pause?.cancel();
    this.#pause = null;
  }

  #logFailure(error: Error, pauseMs: number): void {
    const { clock, log } = this.#options;
    const now = clock.now();
    if (now - this.#loggedAt < LOG_EVERY_MS) return;
    this.#loggedAt = now;
    const expected = error instanceof RetryableError;
    log[expected ? 'warn' : 'error'](
      {
        sink: this.id,
        reason: reasonOf(error),
        retry_in_ms: Math.round(pauseMs),
        ...(!expected && { err: error }),
      },
      `sink failed, will retry: ${error.message}`,
    );
  }

  #remember(error: Error): void {
    const { clock } = this.#options;
    const at = new Date(clock.toEpoch(clock.now())).toISOString();
    this.#lastError = { message: error.message, reason: reasonOf(error), at };
  }
}

/** Dropped are the records that were not accepted, and those that were refused before. */
function givenUp(delivery: Delivery): Settlement {
  const reason = 'gave_up';
  if (delivery.accepted === 0) return { rejected: delivery.records, indexes: null, reason };
  const indexes = [...(delivery.refused ?? [])];
  let passed = 0;
  for (const segment of delivery.segments) {
    const live = liveCount(segment);
    for (let i = Math.max(0, delivery.accepted - passed); i < live; i++) indexes.push(liveRow(segment, i));
    passed += live;
  }
  return { rejected: indexes.length, indexes, reason };
}

function reasonOf(error: Error): string {
  return error instanceof RetryableError || error instanceof PermanentError || error instanceof PartialError
    ? error.reason
    : 'internal_error';
}
