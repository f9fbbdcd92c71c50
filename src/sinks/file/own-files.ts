import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../../component/logger.ts';
import type { FileState, FileSystem } from './file-system.ts';

/**
 * Remembers in `state_dir/<sink>.files.json` which files are open and from which byte on this sink writes them. An
 * entry that the next run finds was left by a crash: only behind that byte may an unfinished line be the sink's own.
 * Not knowing does no harm: then nothing is cut off. Without fsync, for a power failure may cost this knowledge.
 */

interface Entry {
  readonly dev: number;
  readonly ino: number;
  /** Inode numbers are used again, times of birth are not. */
  readonly birthtimeMs: number;
  readonly from: number;
}

const VERSION = 1;

export class OwnFiles {
  readonly #path: string;
  readonly #system: FileSystem;
  readonly #log: Logger;
  #entries: Map<string, Entry> | null = null;
  #unsaved = false;
  #failing = false;

  constructor(options: { id: string; stateDir: string; system: FileSystem; log: Logger }) {
    this.#path = join(options.stateDir, `${options.id}.files.json`);
    this.#system = options.system;
    this.#log = options.log;
  }

  /** First byte that may be this sink's in the file found at `path`; infinite when nothing is known. Never rejects. */
  async ownFrom(path: string, state: FileState): Promise<number> {
    const entry = (await this.#load()).get(path);
    return entry !== undefined && isOf(entry, state) ? entry.from : Number.POSITIVE_INFINITY;
  }

  /** To be called before the first write: from byte `from` on, the file is written by this sink alone. Never rejects. */
  async opened(path: string, { dev, ino, birthtimeMs }: FileState, from: number): Promise<void> {
    (await this.#load()).set(path, { dev, ino, birthtimeMs, from });
    this.#unsaved = true;
    await this.save();
  }

  /** The file ends as it should; `save` tells the disk. */
  closed(path: string): void {
    if (this.#entries?.delete(path)) this.#unsaved = true;
  }

  /** Never rejects: what cannot be written is logged once. */
  async save(): Promise<void> {
    if (!this.#unsaved || this.#entries === null) return;
    const temporary = `${this.#path}.tmp`;
    const memory = { version: VERSION, files: Object.fromEntries(this.#entries) };
    try {
      await writeFile(temporary, JSON.stringify(memory));
      await rename(temporary, this.#path);
      this.#unsaved = false;
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) {
        this.#log.warn(
          { path: this.#path, error: (error as Error).message },
          'cannot remember which files are open; after a crash, lines that it tore will stay in them',
        );
      }
      this.#failing = true;
    }
  }

  async #load(): Promise<Map<string, Entry>> {
    if (this.#entries !== null) return this.#entries;
    const entries = new Map<string, Entry>();
    for (const [path, entry] of Object.entries(await readMemory(this.#path))) {
      const state = await this.#system.stat(path).catch(() => undefined);
      if (state !== undefined && isOf(entry, state)) entries.set(path, entry);
    }
    this.#entries = entries;
    return entries;
  }
}

function isOf(entry: Entry, state: FileState): boolean {
  return (
    entry.dev === state.dev &&
    entry.ino === state.ino &&
    entry.birthtimeMs === state.birthtimeMs &&
    entry.from <= state.size
  );
}

/** What a missing or damaged file holds is nothing. */
async function readMemory(path: string): Promise<Record<string, Entry>> {
  try {
    const { version, files } = JSON.parse(await readFile(path, 'utf8'));
    const intact = Object.entries<Partial<Entry> | null>(files).filter(
      ([, entry]) => typeof entry?.from === 'number',
    );
    return version === VERSION ? (Object.fromEntries(intact) as Record<string, Entry>) : {};
  } catch {
    return {};
  }
}
