import { type FileState, type FileSystem, type OpenFile, unusablePath } from './file-system.ts';
import type { OwnFiles } from './own-files.ts';

/**
 * One file that lines are appended to, and how to take back what was appended last. It holds whole lines only, whatever
 * fails: a write that did not go through is cut off again. It never rotates and never decides when.
 */

/**
 * Longest unfinished last line that is taken for the trace of a crash, in bytes; the lines of a batch are not longer
 * (`dispatcher.batch_bytes`).
 */
const MAX_TORN_BYTES = 4 * 1024 * 1024;
const LF = Buffer.from('\n');
const READ_BYTES = 65_536;

export class OutputFile {
  readonly path: string;
  readonly #file: OpenFile;
  readonly #identity: FileState;
  /** Pipes and devices cannot be cut or measured. */
  readonly #regular: boolean;
  #size: number;
  #writtenAt: number;
  #cutBytes = 0;
  /** Somebody else was seen to append. */
  #shared = false;

  private constructor(path: string, file: OpenFile, stat: FileState) {
    this.path = path;
    this.#file = file;
    this.#identity = stat;
    this.#regular = stat.isFile();
    this.#size = this.#regular ? stat.size : 0;
    this.#writtenAt = stat.mtimeMs;
  }

  /**
   * Opens or creates the file, with a whole line at its end. An unfinished one that `own` knows to come from a crash in
   * the middle of a write is cut off: its records were not acknowledged and arrive again. Any other is somebody else's
   * data and gets a line end. Rejects with system errors, and with a `PermanentError` where no file can have such a path.
   */
  static async open(path: string, system: FileSystem, own: OwnFiles): Promise<OutputFile> {
    const file = await system.open(path).catch((error: unknown) => {
      throw unusablePath(error) ?? error;
    });
    try {
      const stat = await file.stat();
      const opened = new OutputFile(path, file, stat);
      if (stat.isFile()) {
        await opened.#mend(stat.size, await own.ownFrom(path, stat));
        await own.opened(path, stat, opened.size);
      }
      return opened;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Bytes in it, all of them whole lines; always 0 for a pipe or a device. */
  get size(): number {
    return this.#size;
  }

  /** When it was last written to, in milliseconds since 1970. */
  get writtenAt(): number {
    return this.#writtenAt;
  }

  /** Bytes of a torn line that opening cut off. */
  get cutBytes(): number {
    return this.#cutBytes;
  }

  /** Appends all or nothing. Rejects with system errors, after having cut off what was written. */
  async append(pieces: readonly Buffer[], epochMs: number): Promise<void> {
    const before = this.#size;
    let rest = pieces;
    try {
      while (rest.length > 0) {
        const { bytesWritten } = await this.#file.writev(rest);
        if (this.#regular) this.#size += bytesWritten;
        rest = behind(rest, bytesWritten);
      }
    } catch (error) {
      await this.takeBack(before);
      throw error;
    }
    this.#writtenAt = epochMs;
  }

  /**
   * Makes the file `size` bytes long again. Where somebody else has appended since, nothing can be cut off: then the
   * line that may be torn is ended, so that no later line is glued to it.
   */
  async takeBack(size: number): Promise<void> {
    if (this.#size === size || !this.#regular || this.#shared) return;
    const { size: actual } = await this.#file.stat();
    if (actual === this.#size) {
      await this.#file.truncate(size);
      this.#size = size;
      return;
    }
    this.#shared = true;
    if ((await tornBytes(this.#file, actual)) > 0) await this.#file.writev([LF]);
  }

  /** Forces what was written to the disk. */
  async sync(): Promise<void> {
    if (this.#regular) await this.#file.datasync();
  }

  /** Whether the path still leads to this file: somebody may have moved or deleted it. */
  async isInPlace(system: FileSystem): Promise<boolean> {
    const found = await system.stat(this.path);
    return found !== undefined && found.ino === this.#identity.ino && found.dev === this.#identity.dev;
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async #mend(size: number, ownFrom: number): Promise<void> {
    const torn = await tornBytes(this.#file, size);
    if (torn === 0) return;
    if (torn <= MAX_TORN_BYTES && size - torn >= ownFrom) {
      await this.#file.truncate(size - torn);
      this.#size = size - torn;
      this.#cutBytes = torn;
    } else {
      await this.#file.writev([LF]);
      this.#size = size + 1;
    }
  }
}

/** What is left of the pieces behind the first `count` bytes. */
function behind(pieces: readonly Buffer[], count: number): readonly Buffer[] {
  let skip = count;
  for (const [index, piece] of pieces.entries()) {
    if (skip < piece.length) return [piece.subarray(skip), ...pieces.slice(index + 1)];
    skip -= piece.length;
  }
  return [];
}

/** Bytes behind the last LF of the file, looked for in its last `MAX_TORN_BYTES`. */
async function tornBytes(file: OpenFile, size: number): Promise<number> {
  const buffer = Buffer.alloc(Math.min(READ_BYTES, size));
  let end = size;
  while (end > 0 && size - end <= MAX_TORN_BYTES) {
    const start = Math.max(0, end - buffer.length);
    const { bytesRead } = await file.read(buffer, 0, end - start, start);
    const at = buffer.subarray(0, bytesRead).lastIndexOf(0x0a);
    if (at >= 0) return size - (start + at + 1);
    end = start;
  }
  return size - end;
}
