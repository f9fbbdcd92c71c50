/** Reads what a file sink has written since the last look, whole lines only. Called by the laboratory. */
import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { type Receiver, timeOfPlace } from './receiver.ts';

const LF = 10;

export class OutputFolder {
  readonly #folder: string;
  readonly #receiver: Receiver;
  /** How far each file was read. */
  readonly #offsets = new Map<string, number>();
  /** How long each was at the last look. */
  readonly #sizes = new Map<string, number>();
  /** How many restarts there were; count one up after a `read`. */
  restarts = 0;

  constructor(folder: string, receiver: Receiver) {
    this.#folder = folder;
    this.#receiver = receiver;
  }

  /**
   * @param isWritten the agent runs: what a write left behind that the disk had no room for, and that is taken back at
   * once, must not be taken for lines. So only what was there at the look before as well is read.
   */
  read({ isWritten }: { isWritten: boolean }): void {
    let names: string[];
    try {
      names = readdirSync(this.#folder);
    } catch {
      return;
    }
    for (const name of names) {
      this.#offsets.set(name, this.#readFile(name, this.#offsets.get(name) ?? 0, isWritten));
    }
  }

  #readFile(name: string, from: number, isWritten: boolean): number {
    const fd = openSync(join(this.#folder, name), 'r');
    try {
      const { size } = fstatSync(fd);
      const until = isWritten ? Math.min(size, this.#sizes.get(name) ?? 0) : size;
      this.#sizes.set(name, size);
      if (until <= from) return from;
      const bytes = Buffer.alloc(until - from);
      const read = bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, from));
      let at = 0;
      for (let end = read.indexOf(LF); end >= 0; end = read.indexOf(LF, at)) {
        this.#receiver.receive(read.subarray(at, end), timeOfPlace(from + end + 1, this.restarts));
        at = end + 1;
      }
      return from + at;
    } finally {
      closeSync(fd);
    }
  }
}
