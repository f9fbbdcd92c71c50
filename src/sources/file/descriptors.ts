/** Opens and closes tailed files, and keeps few enough of them open by closing the one that was read longest ago. */
import type { Complaints } from './complaints.ts';
import { type OpenFile, openFile } from './file-handle.ts';
import { isOfAge, keyOf } from './siblings.ts';
import type { TailedFile } from './tailed-file.ts';

/** How long a file that cannot be opened or read is left alone, in milliseconds. */
export const RETRY_MS = 10_000;

export class Descriptors {
  readonly #max: number;
  readonly #complaints: Complaints;
  /** Open files, that read last at the end. */
  readonly #open = new Set<TailedFile>();

  constructor(options: { max: number; complaints: Complaints }) {
    this.#max = options.max;
    this.#complaints = options.complaints;
  }

  get count(): number {
    return this.#open.size;
  }

  get hasRoom(): boolean {
    return this.#open.size < this.#max;
  }

  /**
   * Opens the file; false when it cannot be opened now, after which `dueAt` says when to look at it again.
   * A path that no longer leads to the file counts as that.
   */
  async open(file: TailedFile, now: number): Promise<boolean> {
    if (!this.hasRoom && !this.#closeQuiet(1)) return false;
    let opened: OpenFile;
    try {
      opened = await openFile(file.path);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return false;
      if (code === 'EMFILE' || code === 'ENFILE') this.#closeQuiet(Math.ceil(this.#open.size / 4));
      this.#complaints.report(file.path, 'open the file', error);
      file.dueAt = now + RETRY_MS;
      return false;
    }
    file.opened(opened);
    if (keyOf(opened) !== file.key || !isOfAge(opened, file.startedAt)) {
      file.close();
      return false;
    }
    this.#open.add(file);
    this.#complaints.settle(file.path);
    return true;
  }

  /** Takes over a file that is open already. */
  adopt(file: TailedFile, opened: OpenFile): void {
    file.opened(opened);
    this.#open.add(file);
  }

  /** Gives up all open files without closing them. */
  releaseAll(): OpenFile[] {
    const released = [...this.#open].map((file) => file.release());
    this.#open.clear();
    return released;
  }

  close(file: TailedFile): void {
    file.close();
    this.#open.delete(file);
  }

  closeAll(): void {
    for (const file of this.#open) file.close();
    this.#open.clear();
  }

  /** Notes that the file was read. */
  used(file: TailedFile): void {
    this.#open.delete(file);
    this.#open.add(file);
  }

  /** Closes up to `count` files that have nothing to read and can be found again. True when any was closed. */
  #closeQuiet(count: number): boolean {
    let closed = 0;
    for (const file of this.#open) {
      if (closed >= count) break;
      if (file.queued || (file.detachedAt !== undefined && !file.followed)) continue;
      this.close(file);
      closed++;
    }
    return closed > 0;
  }
}
