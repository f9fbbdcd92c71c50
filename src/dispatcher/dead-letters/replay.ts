/**
 * Sends dead letters again, batch by batch, and remembers after each, on disk, which of them the sink took. What it
 * refuses once more stays where it is. It can be stopped or killed at any moment and begun anew: then only the batch that
 * was under way is sent twice. It sends nothing itself: whoever has lanes lends it one.
 */
import { open } from 'node:fs/promises';
import type { Clock } from '../../component/clock.ts';
import type { Logger } from '../../component/logger.ts';
import type { ReplayStatus } from '../../component/status.ts';
import type { Pool } from '../../kernel/pool.ts';
import type { Slot } from '../../kernel/slot.ts';
import type { Batch } from '../../record/batch.ts';
import type { Stamp } from '../../record/traced.ts';
import type { Settlement } from '../settlement.ts';
import type { ByteRange } from './byte-ranges.ts';
import { type DeadLetter, decodeDeadLetter } from './dead-letter.ts';
import type { DeadLetterFile } from './dead-letter-file.ts';
import { LetterBatch, LetterStreams } from './letter-batch.ts';
import { type Line, readLines } from './read-lines.ts';
import type { DeadLetterStore } from './store.ts';

/** Which letters, and where to; what is absent does not restrict. */
export interface ReplayRequest {
  readonly sink?: string | undefined;
  readonly source?: string | undefined;
  readonly reason?: string | undefined;
  /** Id of the sink that gets them; absent: the one that refused them. */
  readonly to?: string | undefined;
}

export interface ReplayOptions {
  readonly store: Pick<DeadLetterStore, 'sinks' | 'filesOf' | 'markSent'>;
  readonly slots: Pick<Pool<Slot>, 'acquire' | 'give'>;
  readonly clock: Pick<Clock, 'now' | 'toEpoch'>;
  readonly log: Logger;
  /** What sinks write of a trace into a log (`tracing.stamp`). */
  readonly stamp: () => Stamp;
  readonly hasSink: (id: string) => boolean;
  /** Resolves when the sink is done with the batch. */
  readonly resend: (sink: string, batch: Batch) => Promise<Settlement>;
}

export class Replay {
  readonly #options: ReplayOptions;
  readonly #request: ReplayRequest;
  readonly #stopping = new AbortController();
  readonly #streams = new LetterStreams();
  readonly #startedAt: string;
  #state: ReplayStatus['state'] = 'running';
  #finishedAt: string | undefined;
  #error: string | undefined;
  #sent = 0;
  #refused = 0;
  #left = 0;
  #bytesDone = 0;
  #bytesTotal = 0;

  constructor(request: ReplayRequest, options: ReplayOptions) {
    this.#request = request;
    this.#options = options;
    this.#startedAt = this.#now();
  }

  /** No further batch is sent. What is under way is waited for, unless `abandon` follows. */
  cancel(): void {
    if (this.#state === 'running') this.#state = 'cancelling';
  }

  /** Waits for nothing any more: the lanes have stopped. */
  abandon(): void {
    this.cancel();
    this.#stopping.abort(new Error('the replay of dead letters is stopping'));
  }

  /** Runs to the end; never rejects: what went wrong is in the status. */
  async run(): Promise<void> {
    const { log } = this.#options;
    try {
      await this.#run();
    } catch (error) {
      if (!this.#stopping.signal.aborted) {
        this.#error = (error as Error).message;
        log.error({ err: error }, 'the replay of dead letters failed');
      }
    }
    const ended = this.#error === undefined ? 'done' : 'failed';
    this.#state = this.#state === 'cancelling' ? 'cancelled' : ended;
    this.#finishedAt = this.#now();
    const counts = { sent: this.#sent, refused: this.#refused, left_aside: this.#left };
    log.info({ ...this.#request, ...counts }, `replay of dead letters: ${this.#state}`);
  }

  status(): ReplayStatus {
    return {
      state: this.#state,
      request: { ...this.#request },
      started_at: this.#startedAt,
      ...(this.#finishedAt !== undefined && { finished_at: this.#finishedAt }),
      ...(this.#error !== undefined && { error: this.#error }),
      sent: this.#sent,
      refused: this.#refused,
      left_aside: this.#left,
      bytes_done: this.#bytesDone,
      bytes_total: this.#bytesTotal,
    };
  }

  async #run(): Promise<void> {
    const { store, hasSink, log } = this.#options;
    const { sink, to } = this.#request;
    const work: { target: string; files: readonly DeadLetterFile[] }[] = [];
    for (const id of sink === undefined ? store.sinks() : [sink]) {
      const target = to ?? id;
      if (!hasSink(target)) {
        log.warn({ sink: target }, 'dead letters of a sink that is not configured stay; --to names another');
        continue;
      }
      const files = (await store.filesOf(id)).filter(({ waiting }) => waiting > 0);
      this.#bytesTotal += files.reduce((sum, { size }) => sum + size, 0);
      work.push({ target, files });
    }
    for (const { target, files } of work) {
      for (const file of files) {
        const before = this.#bytesDone;
        await this.#sendFile(file, target);
        if (this.#state !== 'running') return;
        this.#bytesDone = before + file.size;
      }
    }
  }

  async #sendFile(file: DeadLetterFile, target: string): Promise<void> {
    let handle: Awaited<ReturnType<typeof open>>;
    try {
      handle = await open(file.path, 'r');
    } catch (error) {
      // Deleted meanwhile to make room.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw error;
    }
    const { slots } = this.#options;
    const before = this.#bytesDone;
    let batch: LetterBatch | null = null;
    try {
      for await (const line of readLines(handle, file.size)) {
        if (this.#state !== 'running') break;
        const letter = this.#letterIn(line, file);
        if (letter === undefined) continue;
        batch ??= await this.#begin();
        const range: ByteRange = [line.from, line.to];
        if (batch.add(letter, range)) continue;
        if (batch.count > 0) {
          const full = batch;
          batch = null;
          await this.#send(full, file, target);
          this.#bytesDone = before + line.from;
          if (this.#state !== 'running') break;
          batch = await this.#begin();
          if (batch.add(letter, range)) continue;
        }
        // Larger than a slot: dispatcher.batch_bytes was larger when it was read.
        this.#left++;
      }
      if (batch !== null && batch.count > 0 && this.#state === 'running') {
        const rest = batch;
        batch = null;
        await this.#send(rest, file, target);
      }
    } finally {
      if (batch !== null) slots.give(batch.slot);
      await handle.close();
    }
  }

  /** Undefined when it is not asked for, was sent already, or is damaged. */
  #letterIn({ bytes, from, to }: Line, file: DeadLetterFile): DeadLetter | undefined {
    if (file.sent.has(from, to)) return undefined;
    const letter = decodeDeadLetter(bytes);
    if (letter === undefined) {
      this.#left++;
      return undefined;
    }
    const { source, reason } = this.#request;
    const asked =
      (source === undefined || source === letter.source) &&
      (reason === undefined || reason === letter.reason);
    return asked ? letter : undefined;
  }

  async #begin(): Promise<LetterBatch> {
    const { slots, clock, stamp } = this.#options;
    const slot = await slots.acquire(this.#stopping.signal);
    return new LetterBatch(slot, { clock, stamp: stamp(), streams: this.#streams });
  }

  async #send(batch: LetterBatch, file: DeadLetterFile, target: string): Promise<void> {
    const { resend, slots, store } = this.#options;
    batch.seal();
    // When it is abandoned the lane may still read the slot, so that it stays taken.
    const { rejected, indexes } = await this.#unlessAbandoned(resend(target, batch));
    const refused = new Set(indexes ?? []);
    // Refused are some, nobody knows which: all of them stay.
    const taken = rejected > 0 && indexes === null ? [] : batch.lines.filter((_, row) => !refused.has(row));
    slots.give(batch.slot);
    if (taken.length > 0) await store.markSent(file, taken);
    this.#sent += taken.length;
    this.#refused += batch.count - taken.length;
  }

  async #unlessAbandoned<T>(work: Promise<T>): Promise<T> {
    const { signal } = this.#stopping;
    signal.throwIfAborted();
    const abandoned = Promise.withResolvers<never>();
    const onAbort = () => abandoned.reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([work, abandoned.promise]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  #now(): string {
    const { clock } = this.#options;
    return new Date(clock.toEpoch(clock.now())).toISOString();
  }
}
