/**
 * Reads lines from standard input and ends with it. There is no position to return to, so at a stop everything that
 * was taken from the pipe is handed over, as far as there are slots; the rest is counted and logged. When another takes
 * its place, it finds the rest in the pipe instead. It uses Node's
 * stream of standard input, because a read(2) through the thread pool could not be cancelled and would keep the
 * process from exiting.
 */
import { fstatSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { z } from 'zod';
import {
  type Intake,
  type Source,
  type SourceContext,
  SourceReplaced,
  type SourceSpec,
  type SourceStatus,
} from '../../component/source.ts';
import { byteSize } from '../../component/units.ts';
import type { Slot } from '../../kernel/slot.ts';
import type { Stream } from '../../record/stream.ts';

const schema = z.strictObject({
  max_line_bytes: byteSize({ min: '1KiB', max: '64MiB' })
    .prefault('256KiB')
    .describe(
      'Longer lines are cut into records of this size, which are flagged and counted. At most half of dispatcher.batch_bytes is used.',
    ),
});

export type StdinSourceConfig = z.output<typeof schema>;

export const stdinSource: SourceSpec<'stdin', typeof schema> = {
  type: 'stdin',
  summary:
    'Reads lines from standard input. The agent ends when every source has ended, so this makes it a filter in a pipe.',
  schema,
  rereadable: false,
  build: (config, context) => new StdinSource(config, context, standardInput),
};

/**
 * @param fd for tests: the descriptor of standard input.
 * @throws an error with code EISDIR when it is a directory, which Node takes for empty input.
 */
export function standardInput(fd = 0): Readable {
  if (fstatSync(fd).isDirectory()) {
    throw Object.assign(new Error('it is a directory'), { code: 'EISDIR' });
  }
  return process.stdin;
}

const NO_BYTES = Buffer.alloc(0);

export class StdinSource implements Source {
  readonly #config: StdinSourceConfig;
  readonly #context: SourceContext;
  readonly #input: () => Readable;
  readonly #stream: Stream;
  #state: SourceStatus['state'] = 'idle';
  #position = 0;
  #committed = 0;
  #linesSplit = 0;
  #bytesLost = 0;
  /** The start of a line whose end was not read yet. */
  #unfinished: Buffer = NO_BYTES;

  /** `input` is opened by `run`, not before: merely touching `process.stdin` begins to read ahead. */
  constructor(config: StdinSourceConfig, context: SourceContext, input: () => Readable) {
    this.#config = config;
    this.#context = context;
    this.#input = input;
    this.#stream = {
      id: 'stdin',
      source: context.id,
      sourceType: 'stdin',
      labels: context.labels,
      commit: (position) => {
        this.#committed = position;
      },
    };
  }

  /** @throws when standard input cannot be read, such as when it is a directory. */
  async run(intake: Intake, signal: AbortSignal): Promise<void> {
    this.#state = 'running';
    let input: Readable | undefined;
    try {
      input = this.#input();
      for (;;) {
        const piece = await nextPiece(input, signal);
        if (signal.aborted) break;
        await this.#handOver(piece ?? NO_BYTES, { final: piece === undefined, intake, signal });
        if (piece === undefined) break;
      }
    } catch (error) {
      if (!signal.aborted) {
        const { code, message } = error as NodeJS.ErrnoException;
        throw new Error(
          `standard input cannot be read (${code ?? message}); redirect it from a file or a pipe`,
          {
            cause: error,
          },
        );
      }
    } finally {
      // Lets the process exit although the other end is still open.
      input?.pause();
      if (signal.aborted && input !== undefined) {
        const goesOn = signal.reason instanceof SourceReplaced && !input.readableEnded && !input.destroyed;
        if (goesOn) this.#putBack(input);
        else this.#finish(input, intake);
      }
      this.#state = signal.aborted ? 'stopped' : 'done';
    }
  }

  status(): SourceStatus {
    const size = this.#position + this.#unfinished.length;
    const stream = { id: 'stdin', position: this.#position, committed: this.#committed, size };
    return {
      state: this.#state,
      streams: [{ ...stream, lag_bytes: size - this.#committed }],
      details: { lines_split: this.#linesSplit, bytes_lost: this.#bytesLost },
    };
  }

  /** Hands over the complete lines, or with `final` everything, and keeps what is left. */
  async #handOver(
    piece: Buffer,
    { final, intake, signal }: { final: boolean; intake: Intake; signal: AbortSignal },
  ): Promise<void> {
    let rest = this.#unfinished.length === 0 ? piece : Buffer.concat([this.#unfinished, piece]);
    this.#unfinished = rest;
    while (rest.length > 0) {
      const slot = intake.slots.take() ?? (await this.#waitForSlot(intake, signal));
      const consumed = this.#fill(slot, rest, { final, intake });
      if (consumed === 0) break;
      rest = rest.subarray(consumed);
      this.#unfinished = rest;
    }
  }

  /** Leaves what was not handed over for the one that goes on: no line is cut in two. */
  #putBack(input: Readable): void {
    const rest = this.#unfinished;
    this.#unfinished = NO_BYTES;
    if (rest.length > 0) input.unshift(rest);
  }

  /** Hands over what was taken from the pipe, the start of a line as a record too, without waiting for slots. */
  #finish(input: Readable, intake: Intake): void {
    const ahead = input.errored === null && !input.destroyed ? (input.read() as Buffer | null) : null;
    let rest = ahead === null ? this.#unfinished : Buffer.concat([this.#unfinished, ahead]);
    while (rest.length > 0) {
      const slot = intake.slots.take();
      if (slot === undefined) break;
      rest = rest.subarray(this.#fill(slot, rest, { final: true, intake }));
    }
    this.#unfinished = rest;
    if (rest.length === 0) return;
    this.#bytesLost = rest.length;
    this.#context.log.warn(
      { source: this.#context.id, bytes: rest.length },
      'stopped while memory was full: what was read from standard input and not handed over is lost',
    );
  }

  async #waitForSlot(intake: Intake, signal: AbortSignal): Promise<Slot> {
    this.#state = 'waiting';
    const slot = await intake.slots.acquire(signal);
    this.#state = 'running';
    return slot;
  }

  /** Hands over what fits into one slot; returns its number of bytes. */
  #fill(slot: Slot, rest: Buffer, { final, intake }: { final: boolean; intake: Intake }): number {
    const { kernel, clock } = this.#context;
    const length = rest.copy(slot.bytes);
    const { count, consumed, splits } = kernel.scanLines(slot, {
      from: 0,
      length,
      firstRecord: 0,
      maxRecordBytes: Math.min(this.#config.max_line_bytes, slot.capacity >>> 1),
      final: final && length === rest.length,
    });
    if (count === 0) {
      intake.slots.give(slot);
      return 0;
    }
    const from = this.#position;
    this.#position += consumed;
    this.#linesSplit += splits;
    const position = this.#position;
    intake.handle({
      slot,
      stream: this.#stream,
      bytes: consumed,
      count,
      readAt: clock.now(),
      from,
      position,
    });
    return consumed;
  }
}

/** What the stream has next; undefined at its end, or when aborted. Rejects with the stream's error. */
async function nextPiece(input: Readable, signal: AbortSignal): Promise<Buffer | undefined> {
  for (;;) {
    if (signal.aborted) return undefined;
    const piece = input.read() as Buffer | null;
    if (piece !== null) return piece;
    if (input.errored !== null) throw input.errored;
    if (input.readableEnded || input.destroyed) return undefined;
    await change(input, signal);
  }
}

/** Resolves when there is more to read or no more to come, or when aborted. */
function change(input: Readable, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const events = ['readable', 'end', 'error', 'close'] as const;
    const done = () => {
      for (const event of events) input.off(event, done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    for (const event of events) input.on(event, done);
    signal.addEventListener('abort', done, { once: true });
  });
}
