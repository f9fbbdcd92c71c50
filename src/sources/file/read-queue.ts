/** Files that wait for a read. They take turns, so that a huge file does not hold up small ones. */
import type { Archive } from './archive.ts';
import type { TailedFile } from './tailed-file.ts';

export interface Queued {
  /** It waits for a read. */
  queued: boolean;
  /** What is to be read first. */
  predecessor: Queued | undefined;
}

export class ReadQueue {
  readonly #files: (TailedFile | Archive)[] = [];

  get isEmpty(): boolean {
    return this.#files.length === 0;
  }

  /** Puts the file at the end, unless it waits already. */
  add(file: TailedFile | Archive): void {
    if (file.queued) return;
    file.queued = true;
    this.#files.push(file);
  }

  /** Takes the next file whose predecessor does not wait; the queue must not be empty. */
  next(): TailedFile | Archive {
    for (let tried = 1; ; tried++) {
      const file = this.#files.shift()!;
      // Those that wait for one another would otherwise wait for ever.
      if (file.predecessor?.queued && tried <= this.#files.length) {
        this.#files.push(file);
        continue;
      }
      file.predecessor = undefined;
      file.queued = false;
      return file;
    }
  }
}
