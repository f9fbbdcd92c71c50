/**
 * Keeps how far every stream has been delivered, in memory and in `state_dir/positions`. Written atomically (write,
 * fsync, rename, fsync of the directory) at most once in `FLUSH_MS`; what a crash loses of it is read and sent again.
 */
import { open, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock } from '../component/clock.ts';
import type { Logger } from '../component/logger.ts';
import type { Positions } from '../component/source.ts';
import { decodePositions, encodePositions, type PositionEntry } from './position-file.ts';

/** Longest time a committed position stays in memory only, in milliseconds. */
const FLUSH_MS = 1000;
/** The same for the first one: an agent that is killed over and over must advance all the same. */
const FIRST_FLUSH_MS = 50;

export class PositionStore {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #sources = new Map<string, Map<string, unknown>>();
  #cancelFlush: (() => void) | null = null;
  #writing: Promise<void> = Promise.resolve();
  #failing = false;
  /** Nothing is written before what is there was read: an unreadable file must not be replaced by an empty one. */
  #loaded = false;
  #damaged = false;
  #flushed = false;

  constructor(options: { stateDir: string; clock: Clock; log: Logger }) {
    this.#path = join(options.stateDir, 'positions');
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /**
   * Reads the file. Damage is no reason not to start: intact entries are used, the damaged file is set aside.
   * @throws when the file exists but cannot be read, or cannot be set aside.
   */
  async load(): Promise<void> {
    let raw: Buffer;
    try {
      raw = await readFile(this.#path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      this.#loaded = true;
      return;
    }
    const { entries, damage } = decodePositions(raw.toString());
    for (const [source, key, value] of entries) this.#of(source).set(key, value);
    if (damage.length === 0) {
      this.#loaded = true;
      return;
    }
    const quarantine = `${this.#path}.damaged-${new Date(this.#clock.toEpoch(this.#clock.now())).toISOString()}`;
    await writeFile(quarantine, raw);
    this.#damaged = true;
    this.#loaded = true;
    this.#log.error(
      { file: this.#path, kept_as: quarantine, intact_entries: entries.length, damage: damage.slice(0, 10) },
      'the positions file is damaged; files without an intact position are read again from the start',
    );
  }

  /** The part of the store that belongs to one source. */
  forSource(source: string): Positions {
    const positions = this.#of(source);
    const isDamaged = () => this.#damaged;
    return {
      get damaged() {
        return isDamaged();
      },
      get: (key) => positions.get(key),
      entries: () => positions.entries(),
      set: (key, value) => {
        positions.set(key, value);
        this.#scheduleFlush();
      },
      delete: (key) => {
        if (positions.delete(key)) this.#scheduleFlush();
      },
    };
  }

  /** Writes what is in memory now; nothing unless `load` succeeded. Rejects when it cannot be written. */
  async flush(): Promise<void> {
    if (!this.#loaded) return;
    this.#cancelFlush?.();
    this.#cancelFlush = null;
    this.#writing = this.#writing.catch(() => {}).then(() => this.#write());
    await this.#writing;
  }

  #of(source: string): Map<string, unknown> {
    let positions = this.#sources.get(source);
    if (positions === undefined) {
      positions = new Map();
      this.#sources.set(source, positions);
    }
    return positions;
  }

  #scheduleFlush(): void {
    this.#cancelFlush ??= this.#clock.after(this.#flushed ? FLUSH_MS : FIRST_FLUSH_MS, () => {
      void this.flush().then(
        () => {
          if (this.#failing) this.#log.info({ file: this.#path }, 'positions can be written again');
          this.#failing = false;
        },
        (error) => {
          if (!this.#failing)
            this.#log.error({ err: error, file: this.#path }, 'positions cannot be written, will retry');
          this.#failing = true;
          this.#scheduleFlush();
        },
      );
    });
  }

  async #write(): Promise<void> {
    const entries: PositionEntry[] = [];
    for (const [source, positions] of this.#sources) {
      for (const [key, value] of positions) entries.push([source, key, value]);
    }
    const temporary = `${this.#path}.tmp`;
    const file = await open(temporary, 'w');
    try {
      await file.writeFile(encodePositions(entries));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, this.#path);
    this.#flushed = true;
    const directory = await open(dirname(this.#path), 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  }
}
