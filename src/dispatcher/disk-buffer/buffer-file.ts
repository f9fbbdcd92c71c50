/**
 * One file of a disk buffer: what of it has not been read back, and what is on its way. Written at its end, read from its
 * beginning, deleted when all of it is done; one in which damage was found is put aside instead, for people to look at.
 */
import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileName } from './format.ts';
import { nameOf } from './format.ts';
import { Holdings } from './holdings.ts';
import { FrameScanner, type Scanned } from './scan.ts';

/** Most damaged files that are kept. */
const MAX_QUARANTINED = 4;
export const QUARANTINE = 'damaged';

export class BufferFile {
  readonly name: FileName;
  readonly path: string;
  /** Bytes that are safe: frames behind them are not read yet. */
  size = 0;
  /** Frames that were read and are not done. */
  undone = 0;
  /** No more is written to it. */
  complete = false;
  /** All of it was read. */
  exhausted = false;
  /** It was deleted, or is about to be. */
  gone = false;
  damaged = false;
  /** It was looked through when the buffer was opened: damage in it is known. */
  scanned = false;
  /** Of the frames that were not read. */
  readonly unread = new Holdings();
  readonly #folder: string;
  /** Open, or about to be. */
  #opened: Promise<FileHandle> | null = null;
  #scanner: FrameScanner | null = null;

  constructor(folder: string, name: FileName) {
    this.#folder = folder;
    this.name = name;
    this.path = join(folder, nameOf(name));
  }

  /** The next thing at `at`; of a file that is gone, its end. Rejects when the file cannot be read. */
  async scan(at: number): Promise<Scanned> {
    if (this.gone) return { kind: 'end' };
    if (this.#scanner === null) {
      this.#opened ??= open(this.path, 'r');
      const handle = await this.#opened.catch((error: unknown) => {
        this.#opened = null;
        throw error;
      });
      // Removed, and closed, while it was being opened.
      if (this.gone) return { kind: 'end' };
      this.#scanner = new FrameScanner(handle, this.name.nonce);
    }
    return this.#scanner.at(at, this.size);
  }

  async closeReader(): Promise<void> {
    const opened = this.#opened;
    this.#opened = null;
    this.#scanner = null;
    const handle = await opened?.catch(() => null);
    await handle?.close();
  }

  /** Deletes it, or puts it aside. */
  async remove(): Promise<void> {
    this.gone = true;
    await this.closeReader().catch(() => {});
    if (!this.damaged) {
      await rm(this.path, { force: true });
      return;
    }
    const folder = join(this.#folder, QUARANTINE);
    await mkdir(folder, { recursive: true });
    await rename(this.path, join(folder, nameOf(this.name)));
    const names = (await readdir(folder)).toSorted();
    for (const name of names.slice(0, -MAX_QUARANTINED)) await rm(join(folder, name), { force: true });
  }
}
