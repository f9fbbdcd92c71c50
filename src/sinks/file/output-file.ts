import type { FileState, FileSystem, OpenFile } from './file-system.ts';

/**
 * One file that lines are appended to, and how to take back what was appended last. It holds whole lines only, whatever
 * fails: a write that did not go through is cut off again. It never rotates and never decides when.
 */

/**
 * Longest unfinished last line that is taken for the trace of a crash and cut off, in bytes; the lines of a batch are
 * not longer (`dispatcher.batch_bytes`). A longer one is somebody else's data and gets a line end instead.
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
   * Opens or creates the file, with a whole line at its end: a torn one can only come from a crash in the middle of a
   * write, whose records were not acknowledged and arrive again. Rejects with system errors.
   */
  static async open(path: string, system: FileSystem): Promise<OutputFile> {
    const file = await system.open(path);
    try {
      const stat = await file.stat();
      const opened = new OutputFile(path, file, stat);
      if (stat.isFile()) await opened.#mend(stat.size);
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

  async #mend(size: number): Promise<void> {
    const torn = await tornBytes(this.#file, size);
    if (torn > MAX_TORN_BYTES) {
      await this.#file.writev([LF]);
      this.#size = size + 1;
    } else if (torn > 0) {
      await this.#file.truncate(size - torn);
      this.#size = size - torn;
      this.#cutBytes = torn;
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
