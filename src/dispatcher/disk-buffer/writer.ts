import { type FileHandle, open } from 'node:fs/promises';
import type { BufferFile } from './buffer-file.ts';

/** Appends frames to one file of a disk buffer. Those behind the file's `size` do not count before `commit`. */
export class FrameWriter {
  readonly file: BufferFile;
  readonly #handle: FileHandle;
  /** Bytes written behind `file.size`. */
  uncommitted = 0;

  private constructor(file: BufferFile, handle: FileHandle) {
    this.file = file;
    this.#handle = handle;
  }

  /** Creates the file, whose name is on disk then. @throws when it cannot be created. */
  static async create(folder: string, file: BufferFile): Promise<FrameWriter> {
    const handle = await open(file.path, 'wx', 0o600);
    try {
      const directory = await open(folder, 'r');
      try {
        await directory.sync();
      } finally {
        await directory.close();
      }
    } catch (error) {
      await handle.close();
      throw error;
    }
    return new FrameWriter(file, handle);
  }

  get size(): number {
    return this.file.size + this.uncommitted;
  }

  /** @throws when not all of it could be written. */
  async append(frame: Buffer): Promise<void> {
    for (let done = 0; done < frame.length; ) {
      const { bytesWritten } = await this.#handle.write(frame, done, frame.length - done, this.size + done);
      done += bytesWritten;
    }
    this.uncommitted += frame.length;
  }

  async sync(): Promise<void> {
    await this.#handle.datasync();
  }

  /** What was appended may be read from now on. */
  commit(): void {
    this.file.size += this.uncommitted;
    this.uncommitted = 0;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  /** Takes back what was not committed, as far as that is possible, and closes the file. */
  async rollBack(): Promise<void> {
    this.uncommitted = 0;
    await this.#handle.truncate(this.file.size).catch(() => {});
    await this.#handle.close().catch(() => {});
  }
}
