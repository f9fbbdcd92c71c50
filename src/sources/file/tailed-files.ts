/**
 * What becomes of the tailed files: grown, renamed, replaced, truncated, gone. Puts files with something to read into
 * the queue; never reads them, and never takes up new ones. Called by the file source, one call at a time.
 */
import type { Stats } from 'node:fs';
import type { Logger } from '../../component/logger.ts';
import type { Attributes } from './attributes.ts';
import type { Complaints } from './complaints.ts';
import { type Descriptors, RETRY_MS } from './descriptors.ts';
import { fileStats } from './file-handle.ts';
import type { StreamOrigin } from './file-stream.ts';
import type { KnownFiles } from './known-files.ts';
import { shownPath } from './names.ts';
import { readPositionEntry } from './position-entry.ts';
import type { ReadQueue } from './read-queue.ts';
import type { FileSourceConfig } from './schema.ts';
import { isOfAge, type Sibling, type Siblings } from './siblings.ts';
import type { TailedFile } from './tailed-file.ts';

/** A file that has been quiet for some time is looked at again after this part of that time. */
const QUIET_PART = 1 / 8;

/**
 * A renamed file that has been quiet for `rotate_wait` is still looked at for so long, in milliseconds, because its
 * writer may have it open: at most after so many quiet poll intervals, and no more than so many files.
 */
const FOLLOW_MS = 3600_000;
const FOLLOW_INTERVALS = 10;
const MAX_FOLLOWED = 128;

/** Times of file systems are nanoseconds; as milliseconds in doubles they are off by less than this. */
const ROUNDING_MS = 0.001;

/** Clocks of file systems lag behind that of the system by up to a tick of the kernel (CONFIG_HZ=100), in milliseconds. */
export const TICK_MS = 10;

/** How long the position of a file that is gone is kept, in milliseconds: it may be on a disk that comes back. */
const KEEP_POSITION_MS = 24 * 3600_000;
/** The same where archives are read: monthly rotation compresses a file a month after it was put aside. */
const KEEP_FOR_ARCHIVES_MS = 40 * KEEP_POSITION_MS;

export class TailedFiles {
  readonly #config: FileSourceConfig;
  readonly #origin: StreamOrigin;
  readonly #attributes: Attributes;
  readonly #complaints: Complaints;
  readonly #descriptors: Descriptors;
  readonly #siblings: Siblings;
  readonly #known: KnownFiles;
  readonly #queue: ReadQueue;
  readonly #log: Logger;

  constructor(options: {
    config: FileSourceConfig;
    origin: StreamOrigin;
    attributes: Attributes;
    complaints: Complaints;
    descriptors: Descriptors;
    siblings: Siblings;
    known: KnownFiles;
    queue: ReadQueue;
    log: Logger;
  }) {
    this.#config = options.config;
    this.#origin = options.origin;
    this.#attributes = options.attributes;
    this.#complaints = options.complaints;
    this.#descriptors = options.descriptors;
    this.#siblings = options.siblings;
    this.#known = options.known;
    this.#queue = options.queue;
    this.#log = options.log;
  }

  /** Looks at every file that is due. True when a path leads elsewhere now or a file was truncated, so that it is time to look for files. */
  async poll(now: number): Promise<boolean> {
    this.#siblings.forget();
    let moved = false;
    const replaced = this.#known.replaced.length;
    for (const file of this.#known.byKey.values()) {
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
    return moved || this.#known.replaced.length > replaced;
  }

  /** Opens the file. False when that is not possible now. Rejects when it was opened but cannot be read. */
  async open(file: TailedFile, now: number): Promise<boolean> {
    if (!(await this.#descriptors.open(file, now))) return false;
    if (!(await file.beginsAsBefore())) this.restart(file, now);
    await file.peek();
    return true;
  }

  /**
   * The file's content was replaced, so it is read from its first byte. `unread`: bytes that were seen of it and not read.
   */
  restart(file: TailedFile, now: number, { unread = 0 }: { unread?: number } = {}): void {
    const { heldAt: path, startedAt: born, content, stream } = file;
    const intactAt = this.#origin.clock.toEpoch(file.intactAt);
    this.#known.truncations++;
    this.#known.replaced.push({ path, born, successor: file, content, stream, unread, intactAt });
    this.#log.info(
      { source: this.#origin.source, path: shownPath(file.path), position: file.position },
      'file was truncated or replaced, reading it from the start',
    );
    file.restart(now);
    // Not at once: were the agent killed before copies are taken up, it would not know any more what was read.
    this.#known.hold(file);
    file.blankSince = this.#origin.clock.toEpoch(now) - TICK_MS;
    this.#queue.add(file);
  }

  /** Whether the path leads to the file; true as well when that cannot be found out now. */
  async leadsTo(path: string, file: TailedFile): Promise<boolean> {
    try {
      const stats = await this.#attributes.at(path, file.dev);
      return stats !== undefined && isSame(file, stats);
    } catch {
      return true;
    }
  }

  /** The file's path leads elsewhere. Rejects when the file cannot be looked at. */
  async detach(file: TailedFile, now: number): Promise<void> {
    this.#known.vacate(file);
    file.detachedAt = now;
    const stats = await this.#whereabouts(file);
    if (stats === undefined) return;
    if (stats.nlink > 0) this.#known.rotations++;
    this.#observe(file, stats, now);
    this.#queue.add(file);
  }

  /** Leaves a file alone for a while that could not be read. */
  failed(file: TailedFile, error: unknown, now: number): void {
    file.dueAt = now + RETRY_MS;
    file.finishing = false;
    // The server of a network file system has forgotten the file: the descriptor is of no use any more.
    if ((error as NodeJS.ErrnoException).code === 'ESTALE') this.#descriptors.close(file);
  }

  /**
   * The file that is tailed under this key, or done with and not delivered yet. An older one whose inode another file
   * has got is gone, and given up.
   */
  async knownAs({ key, stats }: Sibling): Promise<TailedFile | undefined> {
    const { byKey, departed } = this.#known;
    const tailed = byKey.get(key);
    if (tailed !== undefined && !isOfAge(stats, tailed.startedAt)) {
      if (tailed.detachedAt === undefined) this.#known.vacate(tailed);
      await this.finish(tailed);
    }
    const done = departed.get(key);
    if (done !== undefined && !isOfAge(stats, done.startedAt)) departed.delete(key);
    return byKey.get(key) ?? departed.get(key);
  }

  /** The file is done with: nothing leads to it, and it was read to its end as far as that was possible. */
  async finish(file: TailedFile): Promise<void> {
    const deleted = file.isOpen && (await fileStats(file.fd).catch(() => undefined))?.nlink === 0;
    const unread = Math.max(0, file.size - file.position);
    if (unread > 0 || !file.readable) {
      this.#known.bytesLost += unread;
      this.#known.filesLost++;
      this.#log.warn(
        { source: this.#origin.source, path: shownPath(file.path), bytes: unread },
        'file is gone before it was read to its end; raise max_open_files if it was closed for lack of descriptors',
      );
    }
    this.#descriptors.close(file);
    this.#complaints.settle(file.path);
    this.#known.remove(file, !deleted);
    if (deleted) {
      // Its inode will be reused.
      this.#origin.positions.delete(file.key);
      if (this.#config.archives) this.#known.outlive(file);
      // What is still on its way cannot be read again anyway.
      else file.stream.retire();
    } else file.giveUp();
  }

  /** Notes in the stored positions which files still exist, and deletes those of files gone for long. Call every hour or so. */
  refreshPositions(): void {
    const { clock, positions } = this.#origin;
    const now = Math.round(clock.toEpoch(clock.now()));
    const keepMs = this.#config.archives ? KEEP_FOR_ARCHIVES_MS : KEEP_POSITION_MS;
    for (const [key, value] of positions.entries()) {
      const entry = readPositionEntry(value);
      if (this.#known.byKey.has(key)) {
        if (entry !== undefined) positions.set(key, { ...entry, seen: now });
      } else if (entry === undefined || entry.seen < now - keepMs) positions.delete(key);
    }
  }

  /** False when the path no longer leads to the file. */
  async #pollAttached(file: TailedFile, now: number): Promise<boolean> {
    const look = this.#attributes.at(file.path, file.dev);
    const stats = look instanceof Promise ? await look : look;
    if (stats === undefined || !isSame(file, stats)) {
      await this.detach(file, now);
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
    const { poll_interval, quiet_poll_interval, rotate_wait } = this.#config;
    const isLate = now - file.detachedAt! >= FOLLOW_MS;
    if (isLate && !file.isOpen && !(await this.open(file, now))) {
      await this.finish(file);
      return;
    }
    const stats = await this.#whereabouts(file);
    if (stats !== undefined) this.#observe(file, stats, now);
    if (file.queued) {
      this.#known.unfollow(file);
      return;
    }
    const quietMs = now - Math.max(file.changedAt, file.detachedAt!);
    if (quietMs < rotate_wait) {
      if (stats === undefined) file.dueAt = now + rotate_wait - quietMs;
    } else if (stats !== undefined && stats.nlink > 0 && quietMs < FOLLOW_MS && this.#follow(file)) {
      const longest = FOLLOW_INTERVALS * quiet_poll_interval;
      file.dueAt = now + Math.max(poll_interval, Math.min(longest, quietMs * QUIET_PART));
    } else if (file.size > file.position && (file.isOpen || (await this.open(file, now)))) {
      file.finishing = true;
      this.#queue.add(file);
    } else await this.finish(file);
  }

  /** False when it is one too many and the one that was followed longest. */
  #follow(file: TailedFile): boolean {
    const { followed } = this.#known;
    this.#known.follow(file);
    const [oldest] = followed;
    return followed.size <= MAX_FOLLOWED || oldest !== file;
  }

  /** What a file is like that its path does not lead to any more; undefined when it is nowhere to be found. */
  async #whereabouts(file: TailedFile): Promise<Stats | undefined> {
    if (file.isOpen) return fileStats(file.fd);
    const there = await this.#attributes.at(file.path, file.dev);
    if (there !== undefined && isSame(file, there)) return there;
    const sibling = await this.#siblings.withKey(file.path, file.key, file.startedAt);
    if (sibling === undefined) return undefined;
    file.path = sibling.path;
    return this.#attributes.at(file.path, file.dev);
  }

  #observe(file: TailedFile, stats: Stats, now: number): void {
    if (stats.size < file.position || (file.position === 0 && stats.size < file.size)) {
      this.restart(file, now, { unread: Math.max(0, file.size - file.position) });
    }
    if (file.observe(stats, now)) this.#queue.add(file);
  }
}

function isSame(file: TailedFile, stats: Stats): boolean {
  if (stats.ino !== file.ino || stats.dev !== file.dev) return false;
  // Another file that has got the inode came into being later; not every file system tells.
  return stats.birthtimeMs === 0 || Math.abs(stats.birthtimeMs - file.startedAt) < ROUNDING_MS;
}
