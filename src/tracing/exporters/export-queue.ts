/**
 * The queue in front of a transport, as OpenTelemetry's batch span processor: batches by size and time, tries again what
 * may succeed later, drops and counts what does not fit or cannot be sent. It never waits in `offer`, never throws, and
 * always satisfies `offered = exported + dropped + queued`. The tracer offers it runs; create.ts builds it.
 */
import type { Clock } from '../../component/clock.ts';
import { PartialError, PermanentError, RetryableError } from '../../component/errors.ts';
import type { Logger } from '../../component/logger.ts';
import { formatDuration } from '../../component/units.ts';
import type { QueueSettings } from '../settings/settings-exporters.ts';
import type { Run } from '../store/run.ts';
import { ComplaintLog } from './complaint-log.ts';
import type { ExporterStatus, SpanDropReason, SpanExporter } from './exporter.ts';
import { type Batch, SpanQueue } from './span-queue.ts';
import { TOO_LARGE, type Transport } from './transport.ts';

/** Pauses between attempts, doubled from the first (as in OpenTelemetry's SDK) to the longest (as in its collector). */
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;
/** A destination may ask for a longer pause, but not for one that nobody would notice the end of. */
const LONGEST_REQUESTED_PAUSE_MS = 600_000;
/** Of a batch, where the transport says nothing; half of what a gRPC server accepts by default (grpc.io: 4 MiB). */
const MAX_BATCH_BYTES = 2 * 1024 * 1024;
/** What a destination does not take of this size it takes of no size. */
const MIN_BATCH_BYTES = 8 * 1024;

export interface ExportQueueOptions {
  readonly type: string;
  readonly transport: Transport;
  readonly settings: QueueSettings;
  /** Longest time of one attempt, in milliseconds. */
  readonly attemptTimeoutMs: number;
  /** How many batches may be under way at once. */
  readonly concurrency: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** For tests. */
  readonly random?: () => number;
}

export class ExportQueue implements SpanExporter {
  readonly #options: ExportQueueOptions;
  readonly #transport: Transport;
  readonly #clock: Clock;
  /** Which exporter it is, for the log. */
  readonly #fields: Readonly<Record<string, string | undefined>>;
  readonly #complaints: ComplaintLog;
  readonly #queue = new SpanQueue();
  /** Batches taken from the queue and not yet settled. */
  readonly #exports = new Set<Promise<void>>();
  /** Aborted when the deadline of the shutdown has come. */
  readonly #expired = new AbortController();
  readonly #dropped: Record<SpanDropReason, number> = { queue_full: 0, export_failed: 0, shutdown: 0 };
  /** Of a batch; less than it was once the destination has refused one for its size. */
  #maxBatchBytes: number;
  /** It took nothing, however small, since it last took something: trying smaller ones is in vain. */
  #refusesAll = false;
  #inFlight = 0;
  #exported = 0;
  /** Times in monotonic milliseconds. */
  #lastError: { readonly message: string; readonly at: number } | null = null;
  #exportedAt: number | null = null;
  /** Attempts that failed since one succeeded, and when the next may start. */
  #failures = 0;
  #resumeAt = Number.NEGATIVE_INFINITY;
  /** The oldest spans have waited long enough: everything goes. */
  #flushing = false;
  #cancelTimer: (() => void) | null = null;
  #shutdown: Promise<void> | null = null;
  #deadline = Number.POSITIVE_INFINITY;

  constructor(options: ExportQueueOptions) {
    this.#options = options;
    this.#transport = options.transport;
    this.#clock = options.clock;
    this.#maxBatchBytes = this.#mostBatchBytes;
    this.#fields = { exporter: options.type, endpoint: options.transport.endpoint };
    this.#complaints = new ComplaintLog(options.log, options.clock, this.#fields);
  }

  get #mostBatchBytes(): number {
    return this.#transport.maxBatchBytes ?? MAX_BATCH_BYTES;
  }

  offer(run: Run): void {
    if (this.#shutdown !== null) {
      this.#dropped.shutdown += run.spans;
      return;
    }
    const room = this.#options.settings.maxQueueSize - this.#queue.spans;
    // While nothing can be sent, the ring must stay free for the memory store and for other exporters.
    const taken = this.#queue.push(run, room, { copy: this.#failures > 0 });
    if (taken < run.spans) {
      this.#drop(run.spans - taken, 'queue_full');
      this.#complaints.warn('spans are dropped: the queue of the exporter is full', {
        max_queue_size: this.#options.settings.maxQueueSize,
        dropped_spans: this.#dropped.queue_full,
      });
    }
    this.#pump();
  }

  shutdown(deadlineMs: number): Promise<void> {
    this.#shutdown ??= this.#drain(deadlineMs);
    return this.#shutdown;
  }

  status(): ExporterStatus {
    const { endpoint } = this.#transport;
    return {
      type: this.#options.type,
      ...(endpoint !== undefined && { endpoint }),
      queued_spans: this.#queue.spans + this.#inFlight,
      exported_spans: this.#exported,
      dropped_spans: { ...this.#dropped },
      ...(this.#lastError !== null && {
        last_error: this.#lastError.message,
        last_error_at: this.#isoTime(this.#lastError.at),
      }),
      ...(this.#exportedAt !== null && { last_exported_at: this.#isoTime(this.#exportedAt) }),
    };
  }

  /** Starts what is due, and the timer for what is not. */
  #pump(): void {
    const { concurrency, settings } = this.#options;
    while (
      this.#exports.size < concurrency &&
      this.#queue.spans > 0 &&
      (this.#flushing ||
        this.#queue.spans >= settings.maxExportBatchSize ||
        this.#queue.bytes >= this.#maxBatchBytes)
    ) {
      this.#start(this.#queue.take(settings.maxExportBatchSize, this.#maxBatchBytes));
    }
    if (this.#queue.spans === 0) {
      this.#flushing = false;
      this.#cancelTimer?.();
      this.#cancelTimer = null;
    } else if (!this.#flushing) {
      this.#cancelTimer ??= this.#clock.after(settings.batchTimeoutMs, () => {
        this.#cancelTimer = null;
        this.#flushing = true;
        this.#pump();
      });
    }
  }

  #start(batch: Batch): void {
    this.#inFlight += batch.spans;
    const done = this.#export(batch)
      .catch((error: unknown) => this.#fail(batch, error))
      .finally(() => {
        this.#inFlight -= batch.spans;
        batch.release();
        this.#exports.delete(done);
        this.#pump();
      });
    this.#exports.add(done);
  }

  /** Resolves when the batch was sent and counted; rejects with what ended its last attempt. */
  async #export(batch: Batch): Promise<void> {
    // The pipeline goes on first: encoding a request takes time.
    await new Promise((resolve) => setImmediate(resolve));
    await this.#pause(batch);
    const giveUpAt = this.#clock.now() + this.#options.settings.exportTimeoutMs;
    for (;;) {
      try {
        await this.#attempt(batch, giveUpAt - this.#clock.now());
        this.#exported += batch.spans;
        this.#exportedAt = this.#clock.now();
        this.#failures = 0;
        this.#refusesAll = false;
        this.#complaints.resolved('spans are exported again');
        return;
      } catch (error) {
        if (!(error instanceof RetryableError) || this.#expired.signal.aborted) throw error;
        this.#backOff(error);
        if (this.#resumeAt < giveUpAt) await this.#pause(batch);
        // Another batch may have been told to wait longer meanwhile.
        if (Math.max(this.#resumeAt, this.#clock.now()) >= giveUpAt) throw error;
      }
    }
  }

  /** One call of the transport, ended by its time limit or by the deadline of the shutdown. */
  async #attempt(batch: Batch, budgetMs: number): Promise<void> {
    const limit = Math.min(this.#options.attemptTimeoutMs, budgetMs);
    const attempt = new AbortController();
    const expire = () => attempt.abort(this.#expired.signal.reason);
    if (this.#expired.signal.aborted) throw this.#expired.signal.reason;
    this.#expired.signal.addEventListener('abort', expire);
    const cancel = this.#clock.after(limit, () => {
      const message = `no answer within ${formatDuration(Math.round(limit))}`;
      attempt.abort(new RetryableError(message, { reason: 'timeout' }));
    });
    // A transport that does not notice the signal must not hold up the queue.
    const aborted = new Promise<never>((_, reject) => {
      attempt.signal.addEventListener('abort', () => reject(attempt.signal.reason));
    });
    try {
      await Promise.race([this.#transport.send(batch.pieces, attempt.signal), aborted]);
    } finally {
      cancel();
      this.#expired.signal.removeEventListener('abort', expire);
    }
  }

  /** Waits until the destination may be asked again. */
  async #pause(batch: Batch): Promise<void> {
    for (let wait = this.#waitMs(); wait > 0; wait = this.#waitMs()) {
      batch.detach();
      await this.#clock.sleep(wait, this.#expired.signal);
    }
    this.#expired.signal.throwIfAborted();
  }

  #waitMs(): number {
    return this.#resumeAt - this.#clock.now();
  }

  #backOff(error: RetryableError): void {
    const { random = Math.random } = this.#options;
    // Batches that were under way together fail together: that is one failure.
    if (this.#waitMs() <= 0 || this.#failures === 0) this.#failures++;
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(this.#failures - 1, 30));
    const asked = Math.min(error.retryAfterMs, LONGEST_REQUESTED_PAUSE_MS);
    // Half of the pause is random: agents that failed together must not return together.
    const wait = Math.max(asked, pause / 2 + (pause / 2) * random());
    this.#resumeAt = Math.max(this.#resumeAt, this.#clock.now() + wait);
    this.#note(error.message);
    this.#queue.detach();
    this.#complaints.warn('cannot export spans, will try again', { error: error.message });
    if (this.#resumeAt >= this.#deadline) this.#expire();
  }

  /** The batch will not be sent any more. */
  #fail(batch: Batch, error: unknown): void {
    if (this.#expired.signal.aborted && !(error instanceof PartialError)) {
      this.#drop(batch.spans, 'shutdown');
      return;
    }
    const isTooLarge = error instanceof PermanentError && error.reason === TOO_LARGE;
    if (isTooLarge && batch.spans > 1 && !this.#refusesAll) {
      if (batch.bytes > MIN_BATCH_BYTES) {
        this.#sendSmaller(batch, error);
        return;
      }
      this.#refusesAll = true;
      this.#maxBatchBytes = this.#mostBatchBytes;
    }
    const refused =
      error instanceof PartialError ? Math.min(batch.spans, Math.max(0, error.count)) : batch.spans;
    this.#exported += batch.spans - refused;
    this.#drop(refused, 'export_failed');
    // A destination that refuses is there.
    if (!(error instanceof RetryableError)) this.#failures = 0;
    const message = error instanceof Error ? error.message : String(error);
    this.#note(message);
    this.#complaints.warn('spans are dropped: the destination did not take them', {
      error: message,
      dropped_spans: this.#dropped.export_failed,
    });
  }

  /** Sends the batch again, and from now on everything, in smaller parts. */
  #sendSmaller(batch: Batch, error: PermanentError): void {
    const half = Math.max(MIN_BATCH_BYTES, Math.floor(batch.bytes / 2));
    this.#failures = 0;
    if (half < this.#maxBatchBytes) {
      this.#maxBatchBytes = half;
      this.#options.log.info(
        { ...this.#fields, error: error.message, max_uncompressed_bytes: half },
        'the destination takes no requests of this size: spans are sent in smaller ones',
      );
    }
    this.#queue.putBack(batch);
    this.#flushing = true;
  }

  /** For the status. */
  #note(message: string): void {
    this.#lastError = { message, at: this.#clock.now() };
  }

  #isoTime(monotonic: number): string {
    return new Date(this.#clock.toEpoch(monotonic)).toISOString();
  }

  #drop(spans: number, reason: SpanDropReason): void {
    this.#dropped[reason] += spans;
  }

  async #drain(deadlineMs: number): Promise<void> {
    this.#deadline = this.#clock.now() + deadlineMs;
    this.#flushing = true;
    const cancel = this.#clock.after(deadlineMs, () => this.#expire());
    if (this.#resumeAt >= this.#deadline) this.#expire();
    this.#pump();
    while (this.#exports.size > 0) await Promise.all(this.#exports);
    cancel();
    this.#tellDrops();
    await this.#transport.close().catch((error: Error) => {
      this.#options.log.warn({ error: error.message }, 'cannot close the exporter of spans');
    });
  }

  /** The last word about spans that are lost: warnings before it were limited in number. */
  #tellDrops(): void {
    if (Object.values(this.#dropped).every((spans) => spans === 0)) return;
    this.#options.log.warn(
      { ...this.#fields, ...this.#dropped },
      'spans were dropped since this exporter began',
    );
  }

  /** Gives up everything that is not sent yet. */
  #expire(): void {
    this.#expired.abort(new Error('the agent is shutting down'));
    const rest = this.#queue.take(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
    this.#drop(rest.spans, 'shutdown');
    rest.release();
  }
}
