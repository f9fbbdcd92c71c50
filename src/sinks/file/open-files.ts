import { dirname } from 'node:path';
import type { Clock } from '../../component/clock.ts';
import type { Logger } from '../../component/logger.ts';
import type { FileSystem } from './file-system.ts';
import type { FileConfig } from './index.ts';
import { OutputFile } from './output-file.ts';
import type { OwnFiles } from './own-files.ts';
import type { Rotation } from './rotation.ts';

/** The files held open, those used last at the end. It opens, rotates and closes them; it never writes. */

/** How often it is checked that nobody moved or deleted a file, in milliseconds. */
const CHECK_EVERY_MS = 1000;

interface Entry {
  readonly file: OutputFile;
  checkedAt: number;
}

export interface OpenFilesOptions {
  readonly config: Pick<FileConfig, 'fsync' | 'max_open_files'>;
  readonly system: FileSystem;
  readonly rotation: Rotation;
  readonly own: OwnFiles;
  readonly clock: Clock;
  readonly log: Logger;
}

export class OpenFiles {
  readonly #options: OpenFilesOptions;
  readonly #entries = new Map<string, Entry>();

  constructor(options: OpenFilesOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  /**
   * The file to append `incoming` bytes to: opened or rotated where need be. `busy` files hold data that may have to be
   * taken back, so they stay as they are. Rejects as `OutputFile.open` does.
   */
  async take(path: string, incoming: number, busy: { has(file: OutputFile): boolean }): Promise<OutputFile> {
    const { rotation, system, clock } = this.#options;
    const now = clock.now();
    let entry = this.#entries.get(path);
    if (entry !== undefined && !busy.has(entry.file)) {
      if (now - entry.checkedAt >= CHECK_EVERY_MS) {
        entry.checkedAt = now;
        if (!(await entry.file.isInPlace(system))) entry = await this.#closed(entry);
      }
    }
    entry ??= await this.#open(path, now);
    if (!busy.has(entry.file) && rotation.isDue(entry.file, incoming, clock.toEpoch(now))) {
      await this.#closed(entry);
      await rotation.setAside(path, clock.toEpoch(now));
      entry = await this.#open(path, now);
    }
    this.#entries.delete(path);
    this.#entries.set(path, entry);
    return entry.file;
  }

  /** Closes a file that failed; opening it again mends its end. */
  async forget(file: OutputFile): Promise<void> {
    if (this.#entries.get(file.path)?.file === file) this.#entries.delete(file.path);
    await file.close().catch(() => {});
  }

  /** Closes the files unused longest, down to the limit. */
  async trim(): Promise<void> {
    for (const entry of this.#entries.values()) {
      if (this.#entries.size <= this.#options.config.max_open_files) break;
      await this.#closed(entry);
    }
    await this.#options.own.save();
  }

  async close(): Promise<void> {
    for (const entry of this.#entries.values()) await this.#closed(entry);
    await this.#options.own.save();
  }

  async #open(path: string, now: number): Promise<Entry> {
    const { config, system, rotation, own, log } = this.#options;
    const file = await OutputFile.open(path, system, own);
    if (file.cutBytes > 0) {
      log.warn({ path, bytes: file.cutBytes }, 'cut off an unfinished last line, left by a crash');
    }
    if (config.fsync === 'always' && file.size === 0) await system.syncFolder(dirname(path));
    const entry = { file, checkedAt: now };
    this.#entries.set(path, entry);
    rotation.tidy(path);
    return entry;
  }

  async #closed(entry: Entry): Promise<undefined> {
    this.#entries.delete(entry.file.path);
    try {
      if (this.#options.config.fsync !== 'never') await entry.file.sync();
    } finally {
      await entry.file.close();
    }
    this.#options.own.closed(entry.file.path);
  }
}
