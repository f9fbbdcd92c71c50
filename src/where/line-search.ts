/**
 * Has lines looked for in files by a thread of its own, at a low priority, so that a search through gigabytes never
 * holds up a log. One search at a time; others wait their turn. The thread is started by the first search and let go
 * after a quiet time. Called by where.ts, which decides what files may be looked into.
 */
import { Worker } from 'node:worker_threads';

/** A file, by what identifies it, and where it was last seen. */
export interface SearchedFile {
  /** `device:inode`; empty: whatever is under the path. */
  readonly key: string;
  readonly path: string | Uint8Array;
}

export type Ask =
  /** Lines count from 1. */
  | { readonly kind: 'line'; readonly line: number }
  | { readonly kind: 'offset'; readonly offset: number }
  /** The last lines that contain the text, where `numbers` is given with one of these right behind it. */
  | {
      readonly kind: 'text';
      readonly text: Uint8Array;
      readonly numbers?: ReadonlySet<number>;
      readonly limit: number;
      /** Most bytes to read, in all files together, lines that are counted included. */
      readonly budget: number;
    }
  /** Which record of those from `from` to `to` the one at `offset` is. */
  | { readonly kind: 'place'; readonly from: number; readonly offset: number; readonly to: number }
  /** Where record number `place` (from 0) of those from `from` on begins. */
  | { readonly kind: 'nth'; readonly from: number; readonly place: number };

export interface FoundLine {
  readonly offset: number;
  /** Behind its terminator. */
  readonly end: number;
  readonly terminated: boolean;
  /** From 1; null: not counted. */
  readonly line: number | null;
}

export interface FileAnswer {
  readonly key: string;
  /** Where it is now; null: it is gone, or cannot be read. */
  readonly path: string | null;
  readonly size: number;
  /** How many lines it has; told only when the line asked for is behind them. */
  readonly lines?: number;
  readonly found: readonly FoundLine[];
  /** There are no other lines with the text. */
  readonly complete: boolean;
  /** Of `place`: line terminators before the offset, and before `to`. */
  readonly terminators?: readonly [number, number];
}

export interface Task {
  readonly files: readonly SearchedFile[];
  readonly ask: Ask;
}

/** Longest time for one search, in milliseconds: a disk that hangs must not block later questions for ever. */
const PATIENCE_MS = 20_000;
/** How long an idle thread is kept, in milliseconds. */
const IDLE_MS = 10_000;
/** Most searches that wait. */
const MAX_WAITING = 16;

/** There are too many searches already, or the search took too long. */
export class SearchRefused extends Error {
  override readonly name = 'SearchRefused';
}

export class LineSearch {
  #worker: Worker | null = null;
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();
  #idle: NodeJS.Timeout | undefined;

  /** Looks through the files in their order. @throws SearchRefused */
  async search(task: Task): Promise<readonly FileAnswer[]> {
    if (this.#waiting >= MAX_WAITING) {
      throw new SearchRefused('too many searches wait already; ask again in a moment');
    }
    this.#waiting++;
    const turn = this.#last.then(() => this.#run(task));
    this.#last = turn.catch(() => {});
    try {
      return await turn;
    } finally {
      this.#waiting--;
    }
  }

  /** Ends the thread; a search under way fails. Safe twice. */
  async close(): Promise<void> {
    clearTimeout(this.#idle);
    const worker = this.#worker;
    this.#worker = null;
    await worker?.terminate();
  }

  async #run(task: Task): Promise<readonly FileAnswer[]> {
    clearTimeout(this.#idle);
    this.#worker ??= start();
    const worker = this.#worker;
    const { promise, resolve, reject } = Promise.withResolvers<readonly FileAnswer[]>();
    const late = setTimeout(
      () => reject(new SearchRefused('the search took too long; narrow it to one file')),
      PATIENCE_MS,
    );
    late.unref();
    const onExit = () => reject(new SearchRefused('the search was ended'));
    worker.once('message', resolve).once('error', reject).once('exit', onExit);
    try {
      worker.postMessage(task);
      return await promise;
    } catch (error) {
      this.#worker = null;
      void worker.terminate();
      throw error;
    } finally {
      clearTimeout(late);
      worker.off('message', resolve).off('error', reject).off('exit', onExit);
      this.#idle = setTimeout(() => void this.close(), IDLE_MS);
      this.#idle.unref();
    }
  }
}

function start(): Worker {
  const worker = new Worker(new URL('./line-thread.ts', import.meta.url), { name: 'line-search' });
  // Without it an error between two searches would end the agent.
  worker.on('error', () => {});
  worker.unref();
  return worker;
}
