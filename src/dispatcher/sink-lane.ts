/**
 * The way of deliveries to one sink: a queue, as many at once as the sink allows, and retries until the sink has
 * taken them or refused them for good. The queue is bounded by the slot pool. Lanes know nothing of each other.
 *
 * A failure is the sink's, not the delivery's: the whole lane pauses, then one delivery alone tries whether the sink
 * works again, and only its success lets the others follow (breaker.ts). So an outage costs one encoding a pause, not
 * one for each delivery that waits.
 *
 * What the sink refuses for good becomes dead letters, on disk before the delivery is settled; while they cannot be
 * written, the lane pauses just the same. Without a place for them it is dropped, and counted.
 */
import type { Clock } from '../component/clock.ts';
import { PartialError, PermanentError, RetryableError } from '../component/errors.ts';
import type { Logger } from '../component/logger.ts';
import type { Sink } from '../component/sink.ts';
import type { SinkStatus } from '../component/status.ts';
import type { Delivery } from '../record/delivery.ts';
import type { RetryPolicy } from './backoff.ts';
import { Breaker } from './breaker.ts';
import { Account } from './ledger.ts';
import { RejectionLog } from './rejection-log.ts';
import { DELIVERED, givenUp, reasonOf, refusedBy, type Settlement } from './settlement.ts';
import type { SlotReaders } from './slot-readers.ts';

export { givenUp, type Settlement } from './settlement.ts';

/** Where rejected records are kept. */
export interface DeadLetters {
  /**
   * Resolves when the records that the settlement rejects are safe on disk. `message`: why, for people.
   * @throws a RetryableError when they cannot be written now.
   */
  write(delivery: Delivery, settlement: Settlement, message: string): Promise<void>;
}

export interface SinkLaneOptions {
  readonly id: string;
  readonly sink: Sink;
  readonly selects: (sourceId: string) => boolean;
  /** Goes on counting; absent: from nothing. */
  readonly account?: Account;
  /** Absent: rejected records are dropped. */
  readonly deadLetters?: DeadLetters | undefined;
  /** Looked at after each failure, so that it may change. */
  readonly retry: RetryPolicy;
  readonly clock: Clock;
  readonly log: Logger;
  readonly readers: SlotReaders;
  readonly onAttempt: (delivery: Delivery, retryInMs?: number) => void;
  readonly onSettled: (delivery: Delivery, settlement: Settlement) => void;
}

/** How often a sink that keeps failing is logged again, in milliseconds. */
const LOG_EVERY_MS = 60_000;

/** What the sink refused, and why, until it is among the dead letters. */
interface Rejection {
  readonly settlement: Settlement;
  readonly message: string;
}

export class SinkLane {
  readonly id: string;
  readonly account: Account;
  readonly #options: SinkLaneOptions;
  readonly #queue: Delivery[] = [];
  readonly #sending = new Set<Delivery>();
  readonly #abort = new AbortController();
  readonly #breaker: Breaker;
  readonly #rejections: RejectionLog;
  /** Deliveries that wait for nothing but their dead letters to be written. */
  readonly #unwritten = new Map<Delivery, Rejection>();
  #sink: Sink;
  #selects: (sourceId: string) => boolean;
  /** Attempts under way by sink, and who waits until a replaced sink has none. */
  readonly #attempting = new Map<Sink, number>();
  readonly #replaced = new Map<Sink, () => void>();
  /** Everything that is under way, and by delivery the writes of dead letters among it. */
  readonly #underWay = new Set<Promise<void>>();
  readonly #keeping = new Map<Delivery, Promise<void>>();
  #attempts = 0;
  #retries = 0;
  #loggedAt = Number.NEGATIVE_INFINITY;
  #lastError: SinkStatus['last_error'];

  constructor(options: SinkLaneOptions) {
    this.id = options.id;
    this.account = options.account ?? new Account();
    this.#sink = options.sink;
    this.#selects = options.selects;
    this.#options = options;
    this.#breaker = new Breaker({ ...options, onPauseEnd: () => this.#pump() });
    this.#rejections = new RejectionLog(options);
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

  /** Whether the sink failed and has not worked since. */
  get isFailing(): boolean {
    return this.#breaker.state !== 'closed';
  }

  /** Deliveries that wait for an attempt. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** Attempts that the sink takes at once. */
  get concurrency(): number {
    return this.#sink.concurrency;
  }

  /** Gives back those deliveries, oldest first, that wait for an attempt and that `chosen` says; they are not settled. */
  withdraw(chosen: (delivery: Delivery) => boolean): Delivery[] {
    const withdrawn = this.#queue.filter((each) => !this.#unwritten.has(each) && chosen(each));
    const left = this.#queue.filter((each) => !withdrawn.includes(each));
    this.#queue.splice(0, this.#queue.length, ...left);
    // One that failed may have been put behind newer ones.
    return withdrawn.sort((a, b) => a.batch.id - b.batch.id);
  }

  /** Lets go of a delivery that somebody else has taken over; how an attempt of it ends does not count any more. */
  forget(delivery: Delivery): void {
    this.#sending.delete(delivery);
    const index = this.#queue.indexOf(delivery);
    if (index !== -1) this.#queue.splice(index, 1);
  }

  /** Resolves when no attempt and no write of dead letters is under way; of an abandoned lane, none follows. */
  async whenQuiet(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
  }

  /** Resolves when no dead letters of the delivery are being written. */
  async whenKept(delivery: Delivery): Promise<void> {
    await this.#keeping.get(delivery);
  }

  replaceSink(sink: Sink, selects: (sourceId: string) => boolean): Promise<void> {
    const old = this.#sink;
    this.#sink = sink;
    this.#selects = selects;
    // What made the old one fail may be mended now.
    this.#breaker.halfOpen();
    this.#pump();
    if (!this.#attempting.has(old)) return Promise.resolve();
    return new Promise((resolve) => this.#replaced.set(old, resolve));
  }

  hurry(): void {
    if (this.#breaker.halfOpen()) this.#pump();
  }

  abandon(): void {
    this.#abort.abort(new Error(`sink ${this.id} is stopping`));
    this.#breaker.halfOpen();
    this.#rejections.close();
  }

  status(now: number): SinkStatus {
    let inFlight = 0;
    let oldest = now;
    for (const delivery of [...this.#sending, ...this.#queue]) {
      inFlight += delivery.records;
      oldest = Math.min(oldest, delivery.batch.sealedAt);
    }
    const breaker = this.#breaker.status();
    const failing = breaker.state !== 'closed';
    return {
      state: this.#abort.signal.aborted ? 'stopped' : failing ? 'retrying' : 'ok',
      breaker,
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
    if (this.#abort.signal.aborted) return;
    const limit = this.#breaker.limit(this.#sink.concurrency);
    while (this.#sending.size < limit && this.#queue.length > 0) {
      const delivery = this.#queue.shift()!;
      this.#sending.add(delivery);
      const rejection = this.#unwritten.get(delivery);
      if (rejection === undefined) this.#follow(this.#attempt(delivery));
      else this.#keep(delivery, rejection);
    }
  }

  #follow(work: Promise<void>): void {
    this.#underWay.add(work);
    void work.finally(() => this.#underWay.delete(work));
  }

  async #attempt(delivery: Delivery): Promise<void> {
    const { clock, onAttempt, readers } = this.#options;
    const sink = this.#sink;
    const signal = this.#abort.signal;
    const startedAt = clock.now();
    this.#attempts++;
    if (delivery.attempts.length > 0) this.#retries++;
    let error: Error | undefined;
    this.#attempting.set(sink, (this.#attempting.get(sink) ?? 0) + 1);
    try {
      await readers.during(delivery.batch.slot, () => sink.write(delivery, signal));
    } catch (thrown) {
      error = thrown instanceof Error ? thrown : new Error(String(thrown));
    }
    this.#ended(sink);
    if (error !== undefined && signal.aborted) return;
    delivery.attempts.push({ startedAt, endedAt: clock.now(), ...(error && { error }) });

    if (error === undefined) {
      this.#works();
      onAttempt(delivery);
      this.#finish(delivery, DELIVERED);
    } else if (error instanceof PartialError || error instanceof PermanentError) {
      this.#remember(error);
      this.#works();
      onAttempt(delivery);
      this.#reject(delivery, { settlement: refusedBy(error, delivery), message: error.message });
    } else {
      this.#failed(delivery, error);
    }
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

  /** What was asked has answered. */
  #works(): void {
    if (!this.#breaker.succeed()) return;
    this.#loggedAt = Number.NEGATIVE_INFINITY;
    this.#options.log.info({ sink: this.id }, 'sink works again');
  }

  #failed(delivery: Delivery, error: Error): void {
    const { clock, retry, onAttempt } = this.#options;
    const pauseMs = this.#pauseAfter(error);
    if (
      retry.giveUpAfterMs > 0 &&
      clock.now() + pauseMs - delivery.attempts[0]!.startedAt > retry.giveUpAfterMs
    ) {
      const advice = 'tried for as long as dispatcher.retry.give_up_after allows (0: never give up)';
      onAttempt(delivery);
      this.#reject(delivery, {
        settlement: givenUp(delivery, 'gave_up'),
        message: `${error.message}; ${advice}`,
      });
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

  /** Some of it, or all, will not be delivered. */
  #reject(delivery: Delivery, rejection: Rejection): void {
    const { settlement, message } = rejection;
    if (this.#options.deadLetters === undefined && !delivery.resent) {
      this.#rejections.add(delivery, settlement, message);
      this.#finish(delivery, settlement);
    } else {
      this.#keep(delivery, rejection);
    }
  }

  #keep(delivery: Delivery, rejection: Rejection): void {
    const work = this.#write(delivery, rejection).finally(() => this.#keeping.delete(delivery));
    this.#keeping.set(delivery, work);
    this.#follow(work);
  }

  /** Writes the dead letters, then settles; where they cannot be written the lane pauses, and this is next. */
  async #write(delivery: Delivery, rejection: Rejection): Promise<void> {
    const { deadLetters, readers } = this.#options;
    const settlement = { ...rejection.settlement, deadLettered: true };
    try {
      // Those that are sent again are dead letters already, and stay there.
      if (!delivery.resent) {
        await readers.during(delivery.batch.slot, () =>
          deadLetters!.write(delivery, settlement, rejection.message),
        );
      }
    } catch (thrown) {
      const error = thrown as Error;
      this.#unwritten.set(delivery, rejection);
      this.#logFailure(error, this.#pauseAfter(error));
      this.#sending.delete(delivery);
      this.#queue.unshift(delivery);
      return;
    }
    if (this.#unwritten.delete(delivery)) this.#works();
    this.#rejections.add(delivery, settlement, rejection.message);
    // Also of a lane that was abandoned meanwhile: the letters are there, so the records must not be read again.
    this.#finish(delivery, settlement);
    this.#pump();
  }

  #finish(delivery: Delivery, settlement: Settlement): void {
    this.#sending.delete(delivery);
    this.#options.onSettled(delivery, settlement);
  }

  /** Pauses the lane and returns for how long. */
  #pauseAfter(error: Error): number {
    this.#remember(error);
    return this.#breaker.fail(error instanceof RetryableError ? error.retryAfterMs : 0);
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
