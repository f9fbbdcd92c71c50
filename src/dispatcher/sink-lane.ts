import type { Clock } from '../component/clock.ts';
import { PartialError, PermanentError, RetryableError } from '../component/errors.ts';
import type { Logger } from '../component/logger.ts';
import type { Sink } from '../component/sink.ts';
import type { SinkStatus } from '../component/status.ts';
import type { Delivery } from '../record/delivery.ts';
import { backoffMs, type RetryPolicy } from './backoff.ts';
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

/**
 * The way of deliveries to one sink: a queue, as many at once as the sink allows, and retries until the sink has
 * taken them or refused them for good. The queue is bounded by the slot pool. Lanes know nothing of each other.
 */
export class SinkLane {
  readonly id: string;
  readonly selects: (sourceId: string) => boolean;
  readonly account = new Account();
  readonly #options: SinkLaneOptions;
  readonly #queue: Delivery[] = [];
  readonly #sending = new Set<Delivery>();
  readonly #abort = new AbortController();
  #attempts = 0;
  #retries = 0;
  #failing = false;
  #loggedAt = Number.NEGATIVE_INFINITY;
  #lastError: SinkStatus['last_error'];

  constructor(options: SinkLaneOptions) {
    this.id = options.id;
    this.selects = options.selects;
    this.#options = options;
  }

  enqueue(delivery: Delivery): void {
    this.account.accept(delivery.records, delivery.bytes);
    this.#queue.push(delivery);
    this.#pump();
  }

  get idle(): boolean {
    return this.#queue.length === 0 && this.#sending.size === 0;
  }

  /** Gives up what is queued or being sent: it stays unacknowledged, so it is read again after a restart. */
  abandon(): void {
    this.#queue.length = 0;
    this.#abort.abort(new Error(`sink ${this.id} is stopping`));
  }

  status(now: number): SinkStatus {
    let inFlight = 0;
    let oldest = now;
    for (const delivery of [...this.#sending, ...this.#queue]) {
      inFlight += delivery.records;
      oldest = Math.min(oldest, delivery.batch.sealedAt);
    }
    return {
      state: this.#abort.signal.aborted ? 'stopped' : this.#failing ? 'retrying' : 'ok',
      queued_batches: this.#queue.length,
      sending_batches: this.#sending.size,
      attempts: this.#attempts,
      retries: this.#retries,
      ...(this.#lastError && { last_error: this.#lastError }),
      oldest_unacknowledged_seconds: (now - oldest) / 1000,
      ...(this.#options.sink.status && { details: this.#options.sink.status() }),
      ledger: this.account.status(inFlight),
    };
  }

  #pump(): void {
    while (this.#sending.size < this.#options.sink.concurrency && this.#queue.length > 0) {
      const delivery = this.#queue.shift()!;
      this.#sending.add(delivery);
      void this.#deliver(delivery);
    }
  }

  async #deliver(delivery: Delivery): Promise<void> {
    const { clock, onSettled } = this.#options;
    const signal = this.#abort.signal;
    const firstAttemptAt = clock.now();
    let settlement: Settlement | undefined;
    while (settlement === undefined) {
      if (signal.aborted) return;
      settlement = await this.#attempt(delivery, firstAttemptAt);
    }
    this.#sending.delete(delivery);
    onSettled(delivery, settlement);
    this.#pump();
  }

  /** One attempt, and the pause behind it if it failed; undefined: try again. */
  async #attempt(delivery: Delivery, firstAttemptAt: number): Promise<Settlement | undefined> {
    const { sink, clock, retry, onAttempt } = this.#options;
    const signal = this.#abort.signal;
    const startedAt = clock.now();
    this.#attempts++;
    if (delivery.attempts.length > 0) this.#retries++;
    let error: Error;
    try {
      await sink.write(delivery, signal);
      delivery.attempts.push({ startedAt, endedAt: clock.now() });
      this.#succeeded();
      onAttempt(delivery);
      return { rejected: 0, indexes: null, reason: '' };
    } catch (thrown) {
      if (signal.aborted) return undefined;
      error = thrown instanceof Error ? thrown : new Error(String(thrown));
    }
    const endedAt = clock.now();
    delivery.attempts.push({ startedAt, endedAt, error });

    if (error instanceof PartialError || error instanceof PermanentError) {
      this.#rejected(error);
      onAttempt(delivery);
      return error instanceof PartialError
        ? { rejected: Math.min(error.count, delivery.records), indexes: error.indexes, reason: error.reason }
        : { rejected: delivery.records, indexes: null, reason: error.reason };
    }
    const retryAfterMs = error instanceof RetryableError ? error.retryAfterMs : 0;
    const pauseMs = backoffMs(retry, delivery.attempts.length, retryAfterMs);
    if (retry.giveUpAfterMs > 0 && endedAt + pauseMs - firstAttemptAt > retry.giveUpAfterMs) {
      this.#rejected(error);
      onAttempt(delivery);
      return { rejected: delivery.records - delivery.accepted, indexes: null, reason: 'gave_up' };
    }
    this.#failed(error, pauseMs);
    onAttempt(delivery, pauseMs);
    // An aborted pause ends the loop in #deliver.
    await clock.sleep(pauseMs, signal).catch(() => {});
    return undefined;
  }

  #succeeded(): void {
    if (!this.#failing) return;
    this.#failing = false;
    this.#loggedAt = Number.NEGATIVE_INFINITY;
    this.#options.log.info({ sink: this.id }, 'sink works again');
  }

  #failed(error: Error, pauseMs: number): void {
    const { clock, log } = this.#options;
    this.#remember(error);
    this.#failing = true;
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

  #rejected(error: Error): void {
    this.#remember(error);
    const now = this.#options.clock.now();
    if (now - this.#loggedAt < LOG_EVERY_MS) return;
    this.#loggedAt = now;
    this.#options.log.error(
      { sink: this.id, reason: reasonOf(error) },
      `sink refused records: ${error.message}`,
    );
  }

  #remember(error: Error): void {
    const { clock } = this.#options;
    const at = new Date(clock.toEpoch(clock.now())).toISOString();
    this.#lastError = { message: error.message, reason: reasonOf(error), at };
  }
}

function reasonOf(error: Error): string {
  return error instanceof RetryableError || error instanceof PermanentError || error instanceof PartialError
    ? error.reason
    : 'internal_error';
}
