import { write as fsWrite } from 'node:fs';
import { RetryableError } from '../../component/errors.ts';
import { LineEncoder, type LineFormat } from '../../component/lines.ts';
import type { Sink } from '../../component/sink.ts';
import type { Context } from '../../component/spec.ts';
import type { Delivery } from '../../record/delivery.ts';

/**
 * Writes lines to a file descriptor that cannot be rewound (terminal, pipe). A retry goes on at the byte where the last
 * attempt stopped, so a slow or broken reader never sees a torn or doubled line. It never closes the descriptor.
 */

/** Writes some of the bytes and returns how many; rejects with a system error. */
export type WriteBytes = (bytes: Buffer) => Promise<number>;

/** How long a full pipe that does not block (EAGAIN) is left alone, in milliseconds. */
const FULL_PIPE_PAUSE_MS = 5;

const LF = Buffer.from('\n');

export class StdoutSink implements Sink {
  /** One after the other: lines of two batches must not mix. */
  readonly concurrency = 1;
  readonly #context: Context;
  readonly #encoder: LineEncoder;
  readonly #write: WriteBytes;
  /** The delivery that was cut off, and how many of its bytes are out. */
  #unfinished: { delivery: Delivery; bytes: number } | null = null;
  #endsInsideLine = false;
  #records = 0;
  #bytes = 0;
  readonly #gone = Promise.withResolvers<void>();
  #readerGone = false;

  constructor(config: { format: LineFormat }, context: Context, write: WriteBytes = writeToStdout) {
    this.#context = context;
    this.#encoder = new LineEncoder({ ...context, format: config.format });
    this.#write = write;
  }

  /** A pipe whose reader has left has no other. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  async open(): Promise<void> {}

  async write(delivery: Delivery, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const resumed = this.#unfinished?.delivery === delivery ? this.#unfinished : null;
    // The cut-off delivery was given up: what follows must not be glued to its torn line.
    if (resumed === null && this.#endsInsideLine) await this.#writeAll(LF, signal, () => {});
    const progress = resumed ?? { delivery, bytes: 0 };
    this.#unfinished = progress;
    let skip = progress.bytes;
    let pieces: Buffer[] = [];
    await this.#encoder.encode(delivery, signal, {
      piece: (_segment, bytes) => pieces.push(bytes),
      flush: async () => {
        for (const piece of pieces) {
          const rest = piece.subarray(Math.min(skip, piece.length));
          skip -= piece.length - rest.length;
          await this.#writeAll(rest, signal, (written) => {
            progress.bytes += written;
          });
        }
        pieces = [];
      },
    });
    this.#unfinished = null;
    this.#records += delivery.records;
  }

  async close(): Promise<void> {}

  status() {
    return { records: this.#records, bytes: this.#bytes };
  }

  async #writeAll(bytes: Buffer, signal: AbortSignal, wrote: (count: number) => void): Promise<void> {
    let rest = bytes;
    while (rest.length > 0) {
      signal.throwIfAborted();
      let count = 0;
      try {
        count = await this.#write(rest);
      } catch (error) {
        await this.#recover(error as NodeJS.ErrnoException, signal);
        continue;
      }
      if (count > 0) this.#endsInsideLine = rest[count - 1] !== 0x0a;
      this.#bytes += count;
      wrote(count);
      rest = rest.subarray(count);
    }
  }

  /** Waits where the reader is only slow; throws otherwise. */
  async #recover(error: NodeJS.ErrnoException, signal: AbortSignal): Promise<void> {
    if (error.code === 'EAGAIN' || error.code === 'EINTR') {
      await this.#context.clock.sleep(FULL_PIPE_PAUSE_MS, signal);
      return;
    }
    if (error.code === 'EPIPE') {
      if (!this.#readerGone)
        this.#context.log.warn({ sink: this.#context.id }, 'nobody reads standard output any more');
      this.#readerGone = true;
      this.#gone.resolve();
      throw new RetryableError(
        'the reader of standard output is gone (EPIPE); start the agent with one that stays',
        {
          reason: 'broken_pipe',
          cause: error,
        },
      );
    }
    throw new RetryableError(`cannot write to standard output: ${error.message}`, {
      reason: error.code === 'ENOSPC' ? 'disk_full' : 'io_error',
      cause: error,
    });
  }
}

function writeToStdout(bytes: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    fsWrite(1, bytes, 0, bytes.length, null, (error, written) =>
      error === null ? resolve(written) : reject(error),
    );
  });
}
