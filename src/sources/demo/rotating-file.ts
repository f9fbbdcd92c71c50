/**
 * Appends to a file and rotates it by size as logrotate does by renaming: `x.log` → `x.log.1` → `x.log.2` → gone.
 * So the demo shows what real log files do, and never takes more than `(kept + 1) × maxBytes` of disk.
 * Called by the demo's traffic.
 */
import { appendFile, mkdir, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface RotatingFileOptions {
  readonly path: string;
  /** Size from which the next append goes to a new file, in bytes. */
  readonly maxBytes: number;
  /** Rotated files that stay. */
  readonly kept: number;
}

export class RotatingFile {
  readonly #options: RotatingFileOptions;
  /** Size of the file; undefined until it is known. */
  #size: number | undefined;

  constructor(options: RotatingFileOptions) {
    this.#options = options;
  }

  /** Appends the text, rotating first when the file is full. Throws what the file system throws. */
  async append(text: string): Promise<void> {
    const { path, maxBytes } = this.#options;
    if (this.#size === undefined) {
      await mkdir(dirname(path), { recursive: true });
      this.#size = await sizeOf(path);
    }
    if (this.#size >= maxBytes) await this.#rotate();
    const bytes = Buffer.from(text);
    try {
      await appendFile(path, bytes);
      this.#size += bytes.length;
    } catch (error) {
      // Part of it may have been written, or the folder may be gone: look again before the next append.
      this.#size = undefined;
      throw error;
    }
  }

  async #rotate(): Promise<void> {
    const { path, kept } = this.#options;
    for (let number = kept - 1; number >= 0; number--) {
      await renameIfThere(number === 0 ? path : `${path}.${number}`, `${path}.${number + 1}`);
    }
    this.#size = 0;
  }
}

const isMissing = (error: unknown) => (error as NodeJS.ErrnoException).code === 'ENOENT';

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (isMissing(error)) return 0;
    throw error;
  }
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}
