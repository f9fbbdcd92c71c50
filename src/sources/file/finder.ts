/**
 * Takes up files: those that matching paths lead to, and those that rotation has moved to other names before they
 * were read, also while the agent was stopped. Puts them into the queue; never reads them. Called by the file source.
 */
import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Copies, holdsAt } from './copies.ts';
import { systemPath } from './names.ts';
import { contentOf, type PositionEntry, readPositionEntry, type Stored } from './position-entry.ts';
import { Recovery, type RecoveryOptions } from './recovery.ts';
import { Rotated } from './rotated.ts';
import { isFileKey, isOfAge, keyOf, type Sibling, startOf } from './siblings.ts';
import type { TailedFile } from './tailed-file.ts';

const NOTHING_STORED: Stored = new Map();
/** How often paths are looked at again in one pass, should they lead elsewhere each time: inodes of some file systems mean nothing. */
const MAX_AGAIN = 8;

export interface FinderOptions extends Omit<RecoveryOptions, 'copies' | 'rotated'> {
  readonly startAt: 'beginning' | 'end';
  /** Files that came into being then or later are read from their beginning whatever `startAt` says, in milliseconds since 1970. */
  readonly newSince: number;
  /** Whether a path is one that the source is to read. */
  readonly matches: (path: string) => boolean;
  /** Under which open files are handed over. */
  readonly name: string;
}

export class Finder {
  readonly #options: FinderOptions;
  readonly #copies: Copies;
  readonly #rotated: Rotated;
  readonly #recovery: Recovery;
  #isFirst = true;

  constructor(options: FinderOptions) {
    this.#options = options;
    this.#copies = new Copies({ ...options, archives: options.archives !== undefined });
    this.#rotated = new Rotated(options);
    this.#recovery = new Recovery({ ...options, copies: this.#copies, rotated: this.#rotated });
  }

  /**
   * Takes up the files that matching paths lead to. `paths`: all of them; undefined: those of the last call.
   * `changedAt`: when a folder had changed last, as of the call before, in milliseconds of the file system.
   */
  async find(
    paths: readonly string[] | undefined,
    options: { now: number; changedAt: (folder: string) => number | undefined },
  ): Promise<void> {
    this.#options.known.beginPass();
    try {
      await this.#find(paths, options);
      for (let again = MAX_AGAIN; again > 0 && (await this.#haveMoved(options.now)); again--)
        await this.#find(undefined, options);
    } finally {
      this.#options.known.endPass();
    }
  }

  async #find(
    paths: readonly string[] | undefined,
    { now, changedAt }: { now: number; changedAt: (folder: string) => number | undefined },
  ): Promise<void> {
    this.#options.siblings.forget();
    if (paths !== undefined) this.#options.known.expect(paths);
    await this.#copies.takeUp(now);
    const stored = this.#isFirst ? this.#stored() : NOTHING_STORED;
    const fresh = this.#isFirst ? await this.#findStored(stored, now) : [];
    // Paths that become vacant on the way are appended, and so looked at in the same pass.
    for (const [path, alias] of this.#options.known.vacant) {
      if (
        alias !== undefined &&
        alias.file.detachedAt === undefined &&
        (await this.#options.files.leadsTo(path, alias.file))
      ) {
        continue;
      }
      const file = await this.#lookAt(path, { stored, now });
      if (file !== undefined) fresh.push(file);
    }
    // What was renamed before its path was looked at is in listings made after that.
    this.#options.siblings.forget();
    for (const file of fresh) {
      const { path } = file;
      const before = this.#options.known.leaving.get(path);
      const since = this.#isFirst ? this.#options.newSince : (before?.startedAt ?? changedAt(dirname(path)));
      if (since !== undefined && !stored.has(path)) {
        await this.#rotated.read(path, { since, before: before === undefined ? [] : [before], now });
      }
    }
    await this.#copies.takeUp(now);
    if (this.#isFirst) await this.#recovery.readRotated(stored, now);
    this.#isFirst = false;
    fresh.sort((a, b) => a.modifiedAt - b.modifiedAt);
    for (const file of fresh) this.#options.queue.add(file);
  }

  /**
   * Whether paths lead elsewhere by now beside which files were taken up: those may be newer than what the paths lead to,
   * and then that would count as known, too.
   */
  async #haveMoved(now: number): Promise<boolean> {
    const { known, files } = this.#options;
    let moved = false;
    for (const home of known.heldHomes()) {
      const file = known.byPath.get(home);
      if (file === undefined || (await files.leadsTo(home, file))) continue;
      await this.#rotated.try(file, now, () => files.detach(file, now));
      moved = true;
    }
    return moved;
  }

  /** At the first call, before all others: files of stored positions, so that copies of them are known as that. */
  async #findStored(stored: Stored, now: number): Promise<TailedFile[]> {
    if (stored.size === 0) return [];
    const found: TailedFile[] = [];
    for (const path of this.#options.known.vacant.keys()) {
      const file = await this.#lookAt(path, { stored, onlyStored: true, now });
      if (file !== undefined) found.push(file);
    }
    await this.#copies.takeUp(now);
    await this.#recovery.takeUp(stored, { heir: this.#options.name, now });
    return found;
  }

  /** The new file under the path, if there is one. */
  async #lookAt(
    path: string,
    { stored, onlyStored = false, now }: { stored: Stored; onlyStored?: boolean; now: number },
  ): Promise<TailedFile | undefined> {
    let stats: BigIntStats;
    try {
      stats = await stat(systemPath(path), { bigint: true });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT' && code !== 'ENOTDIR')
        this.#options.complaints.report(path, 'look at the file', error);
      return undefined;
    }
    if (!stats.isFile()) return undefined;
    const key = keyOf(stats);
    const entry = readPositionEntry(this.#options.origin.positions.get(key));
    const isStored = entry !== undefined && (isOfAge(stats, entry.born) || entry.path === path);
    if (onlyStored && !isStored) return undefined;
    const file = await this.#options.files.knownAs({ path, key, stats });
    const known = this.#options.known.byKey.get(key);
    if (known !== undefined && known.detachedAt === undefined) {
      if (await this.#options.files.leadsTo(known.path, known)) {
        this.#options.known.vacant.set(path, { file: known, dev: known.dev });
        return undefined;
      }
      this.#options.known.rotations++;
      this.#options.known.vacate(known);
    }
    if (file === undefined && !isStored && (await this.#copies.isCopy({ path, key, stats }, now)))
      return undefined;
    if (file !== undefined) {
      this.#options.known.attach(file, path);
      file.stream.done = false;
      this.#options.queue.add(file);
      return undefined;
    }
    // A path that was read before has been rotated: what it leads to now is new, whatever `start_at` says.
    const isNew = stored.has(path) || startOf(stats) >= this.#options.newSince;
    // Nor is it known what is old when positions were lost: then too much is read rather than too little.
    const isKnown = this.#options.origin.positions.damaged !== true;
    const fromEnd = this.#isFirst && this.#options.startAt === 'end' && !isNew && isKnown;
    return this.#begin({ path, key, stats }, { fromEnd, isNew: isNew || !this.#isFirst, stored, now });
  }

  async #begin(
    { path, key, stats }: Sibling,
    { fromEnd, isNew, stored, now }: { fromEnd: boolean; isNew: boolean; stored: Stored; now: number },
  ): Promise<TailedFile> {
    const size = Number(stats.size);
    const old = readPositionEntry(this.#options.origin.positions.get(key));
    const isOld = old !== undefined && isOfAge(stats, old.born);
    if (old !== undefined && !isOld && old.path !== path) this.#setAside(key, old);
    const entry = isOld || old?.path === path ? old : await this.#moved(path, key, stored);
    const file = this.#rotated.make({ path, key, stats }, { from: entry ?? (fromEnd ? size : 0), now });
    file.predecessor = this.#options.known.leaving.get(path);
    if (entry === undefined && isNew) file.blankSince = file.startedAt;
    // Also when it starts at its first byte: what rotates away before anything of it is delivered is known by this.
    if (entry === undefined) this.#options.known.hold(file);
    this.#options.known.attach(file, path);
    if (entry === undefined && fromEnd) {
      await this.#rotated.try(file, now, async () => {
        if (await this.#options.descriptors.open(file, now)) await file.learn();
      });
    }
    if (entry?.done) file.savePosition();
    // What was stored of this number was in a file that its path led to before.
    if (size < file.position || (entry === old && !isOld && old !== undefined))
      this.#options.files.restart(file, now);
    // Open at once, so that it can be read even when it is deleted before its turn comes.
    if (!file.isOpen && this.#options.descriptors.hasRoom) {
      await this.#rotated.try(file, now, () => this.#options.files.open(file, now));
    }
    return file;
  }

  /** Another file has its number now; it may still come back compressed. */
  #setAside(key: string, entry: PositionEntry): void {
    const { positions } = this.#options.origin;
    positions.delete(key);
    positions.set(`${key}/${entry.head.crc}`, { ...entry, done: true });
  }

  /** The position of the file under another number of its device: those of network and layered file systems change. */
  async #moved(path: string, key: string, stored: Stored): Promise<PositionEntry | undefined> {
    const { positions } = this.#options.origin;
    for (const [other, entry] of stored.get(path) ?? []) {
      if (other === key || inodeOf(other) !== inodeOf(key)) continue;
      if ((await holdsAt(path, contentOf(entry)).catch(() => false)) !== true) continue;
      positions.delete(other);
      return entry;
    }
    return undefined;
  }

  #stored(): Stored {
    const stored = new Map<string, [string, PositionEntry][]>();
    for (const [key, value] of this.#options.origin.positions.entries()) {
      const entry = readPositionEntry(value);
      if (entry === undefined || !isFileKey(key)) continue;
      const entries = stored.get(entry.path);
      if (entries === undefined) stored.set(entry.path, [[key, entry]]);
      else entries.push([key, entry]);
    }
    return stored;
  }
}

function inodeOf(key: string): string {
  return key.slice(key.indexOf(':') + 1);
}
