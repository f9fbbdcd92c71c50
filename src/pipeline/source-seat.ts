/**
 * The place of one configured source: runs the source that has it, and lets another take over once nothing of the
 * former is on its way any more, so that the successor begins at positions that are final. Used by the pipeline.
 */
import type { Clock } from '../component/clock.ts';
import type { Logger } from '../component/logger.ts';
import {
  type Intake,
  type Source,
  type SourceFile,
  SourceReplaced,
  type SourceStatus,
} from '../component/source.ts';
import { runSource } from './run-source.ts';

export interface SourceSeatOptions {
  readonly id: string;
  readonly intake: Intake;
  readonly clock: Clock;
  readonly log: Logger;
  /** Resolves when nothing of the source's logs is in flight. */
  readonly settled: () => Promise<void>;
  /** The source came to its end by itself. */
  readonly onEnd: () => void;
}

export class SourceSeat {
  readonly #options: SourceSeatOptions;
  #source: Source;
  #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #state: 'vacant' | 'waiting' | 'running' | 'ended' = 'vacant';

  constructor(source: Source, options: SourceSeatOptions) {
    this.#source = source;
    this.#options = options;
  }

  /** The source came to its end by itself. */
  get hasEnded(): boolean {
    return this.#state === 'ended';
  }

  /** The source has not started yet: logs of its predecessor are in flight. */
  get isWaiting(): boolean {
    return this.#state === 'waiting';
  }

  status(): SourceStatus {
    const status = this.#source.status();
    return this.#state === 'waiting' ? { ...status, state: 'waiting' } : status;
  }

  /** Every file the source reads or remembers; none: its streams are no files. */
  files(): Iterable<SourceFile> {
    return this.#source.files?.() ?? [];
  }

  start(): void {
    const { id, intake, clock, log } = this.#options;
    const { signal } = this.#stop;
    this.#state = 'running';
    this.#running = runSource(this.#source, { id, intake, signal, clock, log }).then(() => {
      if (signal.aborted) return;
      this.#state = 'ended';
      this.#options.onEnd();
    });
  }

  /** Stops the source, or keeps it from starting. Resolves when it has handed over its last. Safe twice. */
  async halt(reason: Error): Promise<void> {
    this.#stop.abort(reason);
    await this.#running;
    this.#state = 'vacant';
  }

  /**
   * Gives the place to another source, after `halt`.
   * @param waits whether it must not start before everything of the former has been acknowledged.
   * @returns a promise that resolves when it has started, or was halted before.
   */
  async succeed(source: Source, waits: boolean): Promise<void> {
    const stop = new AbortController();
    this.#stop = stop;
    this.#source = source;
    this.#state = 'waiting';
    if (waits) await Promise.race([this.#options.settled(), whenAborted(stop.signal)]);
    const { aborted, reason } = stop.signal;
    if (!aborted) {
      this.start();
      return;
    }
    if (!(reason instanceof SourceReplaced)) source.abandon?.();
    await source.close?.();
  }
}

function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
