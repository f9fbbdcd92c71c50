/**
 * The files that are tailed, and what becomes of them: found, grown, renamed, replaced, truncated, gone. A file is
 * recognised by its device and inode, never by its path. Puts files with something to read into the queue; never
 * reads them. Called by the file source, one call at a time.
 */
import type { BigIntStats, Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Logger } from '../../component/logger.ts';
import type { Attributes } from './attributes.ts';
import type { Complaints } from './complaints.ts';
import { type Descriptors, RETRY_MS } from './descriptors.ts';
import { fileStats } from './file-handle.ts';
import type { StreamOrigin } from './file-stream.ts';
import { readPositionEntry } from './position-entry.ts';
import type { ReadQueue } from './read-queue.ts';
import type { FileSourceConfig } from './schema.ts';
import { TailedFile } from './tailed-file.ts';

/** A file that has been quiet for some time is looked at again after this part of that time. */
const QUIET_PART = 1 / 8;

/** How long the position of a file that is gone is kept, in milliseconds: it may be on a disk that comes back. */
const KEEP_POSITION_MS = 24 * 3600_000;

/** What a path led to that is tailed under another path. */
interface Alias {
  readonly file: TailedFile;
  readonly dev: number;
}

export class TailedFiles {
  readonly #config: FileSourceConfig;
  readonly #origin: StreamOrigin;
  readonly #attributes: Attributes;
  readonly #complaints: Complaints;
  readonly #descriptors: Descriptors;
  readonly #queue: ReadQueue;
  readonly #log: Logger;
  readonly #byKey = new Map<string, TailedFile>();
  readonly #byPath = new Map<string, TailedFile>();
  /** Matching paths under which no file is tailed, with the alias they were when last looked at. */
  #vacant = new Map<string, Alias | undefined>();
  /** By its path, the file that the path led to last and leads to no more. */
  readonly #leaving = new Map<string, TailedFile>();
  /** Files done with that still exist, until everything read from them is delivered. */
  readonly #departed = new Map<string, TailedFile>();
  rotations = 0;
  truncations = 0;
  bytesLost = 0;

  constructor(options: {
    config: FileSourceConfig;
    origin: StreamOrigin;
    attributes: Attributes;
    complaints: Complaints;
    descriptors: Descriptors;
    queue: ReadQueue;
    log: Logger;
  }) {
    this.#config = options.config;
    this.#origin = options.origin;
    this.#attributes = options.attributes;
    this.#complaints = options.complaints;
    this.#descriptors = options.descriptors;
    this.#queue = options.queue;
    this.#log = options.log;
  }

  get all(): ReadonlyMap<string, TailedFile> {
    return this.#byKey;
  }

  /**
   * Takes up the files that matching paths lead to. `paths`: all of them; undefined: those of the last call.
   * `fromEnd`: files never seen before are tailed from their end.
   */
  async find(
    paths: readonly string[] | undefined,
    options: { fromEnd: boolean; now: number },
  ): Promise<void> {
    if (paths !== undefined) {
      this.#vacant = new Map(
        paths.filter((path) => !this.#byPath.has(path)).map((path) => [path, this.#vacant.get(path)]),
      );
    }
    const fresh: TailedFile[] = [];
    // Paths that become vacant on the way are appended, and so looked at in the same pass.
    for (const [path, alias] of this.#vacant) {
      if (
        alias !== undefined &&
        alias.file.detachedAt === undefined &&
        (await this.#leadsTo(path, alias.file))
      ) {
        continue;
      }
      const file = await this.#lookAt(path, options);
      if (file !== undefined) fresh.push(file);
    }
    fresh.sort((a, b) => a.modifiedAt - b.modifiedAt);
    for (const file of fresh) this.#queue.add(file);
  }

  /** Looks at every file that is due. True when a path leads elsewhere now, so that it is time to look for new files. */
  async poll(now: number): Promise<boolean> {
    let moved = false;
    for (const file of this.#byKey.values()) {
      if (file.dueAt > now) continue;
      file.dueAt = now + this.#config.poll_interval;
      try {
        if (file.detachedAt !== undefined) await this.#pollDetached(file, now);
        else if (!(await this.#pollAttached(file, now))) moved = true;
      } catch (error) {
        this.#complaints.report(file.path, 'look at the file', error);
        this.failed(file, error, now);
      }
    }
    return moved;
  }

  /** Opens the file. False when that is not possible now. Rejects when it was opened but cannot be read. */
  async open(file: TailedFile, now: number): Promise<boolean> {
    if (!(await this.#descriptors.open(file, now))) return false;
    if (!(await file.beginsAsBefore())) this.restart(file, now);
    return true;
  }

  /** The file's content was replaced, so it is read from its first byte. */
  restart(file: TailedFile, now: number): void {
    this.truncations++;
    this.#log.info(
      { source: this.#origin.source, path: file.path, position: file.position },
      'file was truncated or replaced, reading it from the start',
    );
    file.restart(now);
    this.#queue.add(file);
  }

  /** Leaves a file alone for a while that could not be read. */
  failed(file: TailedFile, error: unknown, now: number): void {
    file.dueAt = now + RETRY_MS;
    file.finishing = false;
    // The server of a network file system has forgotten the file: the descriptor is of no use any more.
    if ((error as NodeJS.ErrnoException).code === 'ESTALE') this.#descriptors.close(file);
  }

  /** The file is done with: nothing leads to it, and it was read to its end as far as that was possible. */
  async finish(file: TailedFile): Promise<void> {
    const deleted = file.isOpen && (await fileStats(file.fd).catch(() => undefined))?.nlink === 0;
    const unread = file.size - file.position;
    if (unread > 0) {
      this.bytesLost += unread;
      this.#log.warn(
        { source: this.#origin.source, path: file.path, bytes: unread },
        'file is gone before it was read to its end; raise max_open_files if it was closed for lack of descriptors',
      );
    }
    this.#descriptors.close(file);
    this.#complaints.settle(file.path);
    this.#byKey.delete(file.key);
    for (const [path, leaving] of this.#leaving) {
      if (leaving === file) this.#leaving.delete(path);
    }
    for (const [key, departed] of this.#departed) {
      if (departed.stream.committed >= departed.position) this.#departed.delete(key);
    }
    if (deleted) {
      // Its inode will be reused; what is still on its way cannot be read again anyway.
      file.stream.retire();
      this.#origin.positions.delete(file.key);
    } else if (file.stream.committed < file.position) this.#departed.set(file.key, file);
  }

  /** Notes in the stored positions which files still exist, and deletes those of files gone for long. Call every hour or so. */
  refreshPositions(): void {
    const { clock, positions } = this.#origin;
    const now = Math.round(clock.toEpoch(clock.now()));
    for (const [key, value] of positions.entries()) {
      const entry = readPositionEntry(value);
      if (this.#byKey.has(key)) {
        if (entry !== undefined) positions.set(key, { ...entry, seen: now });
      } else if (entry === undefined || entry.seen < now - KEEP_POSITION_MS) positions.delete(key);
    }
  }

  /** False when the path no longer leads to the file. */
  async #pollAttached(file: TailedFile, now: number): Promise<boolean> {
    const look = this.#attributes.at(file.path, file.dev);
    const stats = look instanceof Promise ? await look : look;
    if (stats === undefined || !isSame(file, stats)) {
      await this.#detach(file, now);
      return false;
    }
    this.#observe(file, stats, now);
    const quietMs = now - file.changedAt;
    const { poll_interval, quiet_poll_interval } = this.#config;
    file.dueAt = now + Math.max(poll_interval, Math.min(quiet_poll_interval, quietMs * QUIET_PART));
    return true;
  }

  async #pollDetached(file: TailedFile, now: number): Promise<void> {
    if (file.queued) return;
    if (file.isOpen) {
      this.#observe(file, await fileStats(file.fd), now);
      if (file.queued) return;
    }
    if (now - Math.max(file.changedAt, file.detachedAt!) < this.#config.rotate_wait) return;
    if (file.isOpen && file.size > file.position) {
      file.finishing = true;
      this.#queue.add(file);
    } else await this.finish(file);
  }

  #observe(file: TailedFile, stats: Stats, now: number): void {
    if (stats.size < file.position) {
      this.bytesLost += Math.max(0, file.size - file.position);
      this.restart(file, now);
    }
    if (file.observe(stats, now)) this.#queue.add(file);
  }

  async #detach(file: TailedFile, now: number): Promise<void> {
    this.#vacate(file);
    file.detachedAt = now;
    if (!file.isOpen) return;
    const stats = await fileStats(file.fd);
    if (stats.nlink > 0) this.rotations++;
    this.#observe(file, stats, now);
    this.#queue.add(file);
  }

  #vacate(file: TailedFile): void {
    this.#byPath.delete(file.path);
    this.#vacant.set(file.path, undefined);
    this.#leaving.set(file.path, file);
  }

  /** The new file under the path, if there is one. */
  async #lookAt(path: string, options: { fromEnd: boolean; now: number }): Promise<TailedFile | undefined> {
    let stats: BigIntStats;
    try {
      stats = await stat(path, { bigint: true });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT' && code !== 'ENOTDIR') this.#complaints.report(path, 'look at the file', error);
      return undefined;
    }
    if (!stats.isFile()) return undefined;
    const key = `${stats.dev}:${stats.ino}`;
    const known = this.#byKey.get(key);
    if (known !== undefined && known.detachedAt === undefined) {
      if (await this.#leadsTo(known.path, known)) {
        this.#vacant.set(path, { file: known, dev: known.dev });
        return undefined;
      }
      this.rotations++;
      this.#vacate(known);
    }
    const file = known ?? this.#departed.get(key);
    if (file !== undefined) {
      this.#departed.delete(key);
      file.detachedAt = undefined;
      file.finishing = false;
      this.#attach(file, path);
      this.#queue.add(file);
      return undefined;
    }
    return this.#begin(path, key, stats, options);
  }

  async #begin(
    path: string,
    key: string,
    stats: BigIntStats,
    { fromEnd, now }: { fromEnd: boolean; now: number },
  ): Promise<TailedFile> {
    const size = Number(stats.size);
    const entry = readPositionEntry(this.#origin.positions.get(key));
    const file = new TailedFile({
      path,
      key,
      dev: Number(stats.dev),
      ino: Number(stats.ino),
      size,
      now,
      origin: this.#origin,
      from: entry ?? (fromEnd ? size : 0),
    });
    // Only a hint for the order of reading, until the first poll.
    file.modifiedAt = Number(stats.mtimeNs) / 1e6;
    file.predecessor = this.#leaving.get(path);
    this.#attach(file, path);
    if (entry === undefined && fromEnd) file.savePosition();
    if (size < file.position) this.restart(file, now);
    // Open at once, so that it can be read even when it is deleted before its turn comes.
    if (this.#descriptors.hasRoom) {
      await this.open(file, now).catch((error) => {
        this.#complaints.report(path, 'read the file', error);
        this.failed(file, error, now);
      });
    }
    return file;
  }

  #attach(file: TailedFile, path: string): void {
    file.path = path;
    this.#byKey.set(file.key, file);
    this.#byPath.set(path, file);
    this.#vacant.delete(path);
  }

  async #leadsTo(path: string, file: TailedFile): Promise<boolean> {
    try {
      const stats = await this.#attributes.at(path, file.dev);
      return stats !== undefined && isSame(file, stats);
    } catch {
      return true;
    }
  }
}

function isSame(file: TailedFile, stats: Stats): boolean {
  return stats.ino === file.ino && stats.dev === file.dev;
}
