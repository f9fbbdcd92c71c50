/** Counts failures of the file system and logs each trouble with a path once, until it has gone away. */
import type { Logger } from '../../component/logger.ts';
import { shownPath } from './names.ts';

export class Complaints {
  readonly #log: Logger;
  readonly #source: string;
  readonly #codes = new Map<string, string>();
  /** Failures since the start, repeated ones included. */
  count = 0;

  constructor(options: { log: Logger; id: string }) {
    this.#log = options.log;
    this.#source = options.id;
  }

  /** `doing` completes "cannot …". */
  report(path: string, doing: string, error: unknown): void {
    this.count++;
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    if (this.#codes.get(path) === code) return;
    this.#codes.set(path, code);
    this.#log.warn(
      { source: this.#source, path: shownPath(path), code, err: error },
      `cannot ${doing} (${code}), will try again`,
    );
  }

  /** The path works (again), or is of no interest any more. */
  settle(path: string): void {
    if (this.#codes.size > 0) this.#codes.delete(path);
  }
}
