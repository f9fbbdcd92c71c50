/**
 * Takes up files: those that matching paths lead to, and those that rotation has moved to other names before they
 * were read, also while the agent was stopped. Puts them into the queue; never reads them. Called by the file source.
 */
import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Logger } from '../../component/logger.ts';
import type { Archives } from './archives.ts';
import type { Complaints } from './complaints.ts';
import { isTelling } from './content.ts';
import { Copies, holdsAt } from './copies.ts';
import type { Descriptors } from './descriptors.ts';
import { exactStats } from './file-handle.ts';
import type { StreamOrigin } from './file-stream.ts';
import { Heritage } from './handover.ts';
import type { KnownFiles } from './known-files.ts';
import { shownPath, systemPath } from './names.ts';
import { contentOf, entryOf, type PositionEntry, readPositionEntry } from './position-entry.ts';
import type { ReadQueue } from './read-queue.ts';
import {
  isFileKey,
  isMounted,
  isOfAge,
  keyOf,
  originsOf,
  type Sibling,
  type Siblings,
  startOf,
} from './siblings.ts';
import { TailedFile } from './tailed-file.ts';
import type { TailedFiles } from './tailed-files.ts';

/** Most paths of lost files that one log line names. */
const MAX_NAMED = 10;

/** Stored positions by the path of their file. */
type Stored = ReadonlyMap<string, readonly (readonly [key: string, entry: PositionEntry])[]>;

const NOTHING_STORED: Stored = new Map();

export class Finder {
  readonly #startAt: 'beginning' | 'end';
  readonly #newSince: number;
  readonly #matches: (path: string) => boolean;
  readonly #origin: StreamOrigin;
  readonly #complaints: Complaints;
  readonly #descriptors: Descriptors;
  readonly #siblings: Siblings;
  readonly #known: KnownFiles;
  readonly #files: TailedFiles;
  readonly #queue: ReadQueue;
  readonly #copies: Copies;
  readonly #archives: Archives | undefined;
  readonly #name: string;
  readonly #log: Logger;
  #isFirst = true;

  /**
   * `newSince`: files that came into being then or later are read from their beginning whatever `startAt` says, in
   * milliseconds since 1970. `matches`: whether a path is one that the source is to read.
   */
  constructor(options: {
    startAt: 'beginning' | 'end';
    newSince: number;
    matches: (path: string) => boolean;
    origin: StreamOrigin;
    complaints: Complaints;
    descriptors: Descriptors;
    siblings: Siblings;
    known: KnownFiles;
    files: TailedFiles;
    queue: ReadQueue;
    log: Logger;
    archives: Archives | undefined;
    /** Under which open files are handed over. */
    name: string;
  }) {
    this.#startAt = options.startAt;
    this.#newSince = options.newSince;
    this.#matches = options.matches;
    this.#origin = options.origin;
    this.#complaints = options.complaints;
    this.#descriptors = options.descriptors;
    this.#siblings = options.siblings;
    this.#known = options.known;
    this.#files = options.files;
    this.#queue = options.queue;
    this.#copies = new Copies({ ...options, archives: options.archives !== undefined });
    this.#archives = options.archives;
    this.#name = options.name;
    this.#log = options.log;
  }

  /**
   * Takes up the files that matching paths lead to. `paths`: all of them; undefined: those of the last call.
   * `changedAt`: when a folder had changed last, as of the call before, in milliseconds of the file system.
   */
  async find(
    paths: readonly string[] | undefined,
    options: { now: number; changedAt: (folder: string) => number | undefined },
  ): Promise<void> {
    const { now, changedAt } = options;
    this.#siblings.forget();
    if (paths !== undefined) this.#known.expect(paths);
    await this.#copies.takeUp(now);
    const stored = this.#isFirst ? this.#stored() : NOTHING_STORED;
    const fresh = this.#isFirst ? await this.#findStored(stored, now) : [];
    // Paths that become vacant on the way are appended, and so looked at in the same pass.
    for (const [path, alias] of this.#known.vacant) {
      if (
        alias !== undefined &&
        alias.file.detachedAt === undefined &&
        (await this.#files.leadsTo(path, alias.file))
      ) {
        continue;
      }
      const file = await this.#lookAt(path, { stored, now });
      if (file === undefined) continue;
      fresh.push(file);
      const before = this.#known.leaving.get(path);
      const since = this.#isFirst ? this.#newSince : (before?.startedAt ?? changedAt(dirname(path)));
      if (since !== undefined && !stored.has(path)) {
        await this.#readRotated(path, { since, before: before === undefined ? [] : [before], now });
      }
    }
    await this.#copies.takeUp(now);
    if (this.#isFirst) await this.#recover(stored, now);
    this.#isFirst = false;
    fresh.sort((a, b) => a.modifiedAt - b.modifiedAt);
    for (const file of fresh) this.#queue.add(file);
  }

  /** At the first call, before all others: files of stored positions, so that copies of them are known as that. */
  async #findStored(stored: Stored, now: number): Promise<TailedFile[]> {
    if (stored.size === 0) return [];
    const found: TailedFile[] = [];
    for (const path of this.#known.vacant.keys()) {
      const file = await this.#lookAt(path, { stored, onlyStored: true, now });
      if (file !== undefined) found.push(file);
    }
    await this.#copies.takeUp(now);
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
      if (code !== 'ENOENT' && code !== 'ENOTDIR') this.#complaints.report(path, 'look at the file', error);
      return undefined;
    }
    if (!stats.isFile()) return undefined;
    const key = keyOf(stats);
    const entry = readPositionEntry(this.#origin.positions.get(key));
    const isStored = entry !== undefined && (isOfAge(stats, entry.born) || entry.path === path);
    if (onlyStored && !isStored) return undefined;
    const known = this.#known.byKey.get(key);
    if (known !== undefined && known.detachedAt === undefined) {
      if (await this.#files.leadsTo(known.path, known)) {
        this.#known.vacant.set(path, { file: known, dev: known.dev });
        return undefined;
      }
      this.#known.rotations++;
      this.#known.vacate(known);
    }
    const file = known ?? this.#known.departed.get(key);
    if (file === undefined && !isStored && (await this.#copies.isCopy({ path, key, stats }, now)))
      return undefined;
    if (file !== undefined) {
      this.#known.attach(file, path);
      file.stream.done = false;
      this.#queue.add(file);
      return undefined;
    }
    // A path that was read before has been rotated: what it leads to now is new, whatever `start_at` says.
    const isNew = stored.has(path) || startOf(stats) >= this.#newSince;
    const fromEnd = this.#isFirst && this.#startAt === 'end' && !isNew;
    return this.#begin({ path, key, stats }, { fromEnd, stored, now });
  }

  async #begin(
    { path, key, stats }: Sibling,
    { fromEnd, stored, now }: { fromEnd: boolean; stored: Stored; now: number },
  ): Promise<TailedFile> {
    const size = Number(stats.size);
    const old = readPositionEntry(this.#origin.positions.get(key));
    const isOld = old !== undefined && isOfAge(stats, old.born);
    if (old !== undefined && !isOld && old.path !== path) this.#setAside(key, old);
    const entry = isOld || old?.path === path ? old : await this.#moved(path, key, stored);
    const file = this.#make({ path, key, stats }, { from: entry ?? (fromEnd ? size : 0), now });
    file.predecessor = this.#known.leaving.get(path);
    this.#known.attach(file, path);
    if (entry === undefined && fromEnd) {
      await this.#try(file, now, async () => {
        if (await this.#descriptors.open(file, now)) await file.learn();
      });
    }
    // Also when it starts at its first byte: what rotates away before anything of it is delivered is known by this.
    if (entry === undefined || entry.done) file.savePosition();
    // What was stored of this number was in a file that its path led to before.
    if (size < file.position || (entry === old && !isOld && old !== undefined))
      this.#files.restart(file, now);
    // Open at once, so that it can be read even when it is deleted before its turn comes.
    if (!file.isOpen && this.#descriptors.hasRoom) {
      await this.#try(file, now, () => this.#files.open(file, now));
    }
    return file;
  }

  /** Another file has its number now; it may still come back compressed. */
  #setAside(key: string, entry: PositionEntry): void {
    const { positions } = this.#origin;
    positions.delete(key);
    positions.set(`${key}/${entry.head.crc}`, { ...entry, done: true });
  }

  /** The position of the file under another number of its device: those of network and layered file systems change. */
  async #moved(path: string, key: string, stored: Stored): Promise<PositionEntry | undefined> {
    const { positions } = this.#origin;
    for (const [other, entry] of stored.get(path) ?? []) {
      if (other === key || inodeOf(other) !== inodeOf(key)) continue;
      if ((await holdsAt(path, contentOf(entry)).catch(() => false)) !== true) continue;
      positions.delete(other);
      return entry;
    }
    return undefined;
  }

  /** At the first call: what became of the files that were read in an earlier run and that no path leads to. */
  async #recover(stored: Stored, now: number): Promise<void> {
    const heritage = new Heritage(this.#name);
    const lost: string[] = [];
    for (const [path, entries] of stored) {
      if (!this.#matches(path)) continue;
      const before: TailedFile[] = [];
      for (const [key, entry] of entries) {
        if (entry.done || this.#known.byKey.has(key)) continue;
        const file =
          (await this.#takeUp(path, key, entry, now)) ??
          (await this.#inherit(path, key, entry, heritage, now));
        if (file !== undefined) before.push(file);
        else if (await isMounted(path, key)) {
          if (!(await this.#archives?.begins(path, contentOf(entry)))) lost.push(shownPath(path));
          this.#origin.positions.set(key, { ...entry, done: true });
        }
      }
      before.sort((a, b) => a.startedAt - b.startedAt);
      await this.#copies.takeUp(now);
      await this.#readRotated(path, { since: this.#sinceOf(path, entries), before, now });
    }
    heritage.close();
    if (lost.length === 0) return;
    this.#known.filesLost += lost.length;
    this.#log.warn(
      { source: this.#origin.source, files: lost.length, paths: lost.slice(0, MAX_NAMED) },
      'files read in an earlier run are gone, so that what was written to them since then is not known; rotate to the same folder, uncompressed at first or with archives: true, to have it read',
    );
  }

  /**
   * From when on files beside the path were not known to an earlier run. Where the path leads to another file now, one
   * may have been read in between; where it leads to the same one, it may have been copied and truncated.
   */
  #sinceOf(path: string, entries: readonly (readonly [key: string, entry: PositionEntry])[]): number {
    const current = this.#known.byPath.get(path);
    const entry = entries.find(([key]) => key === current?.key)?.[1];
    return entry?.seen ?? Math.max(...entries.map(([, { born, seen }]) => born ?? seen));
  }

  /** The file of a stored position, wherever rotation has put it; undefined when it is not there any more. */
  async #takeUp(
    path: string,
    key: string,
    entry: PositionEntry,
    now: number,
  ): Promise<TailedFile | undefined> {
    const sibling = await this.#siblings.withKey(path, key, entry.born);
    if (sibling === undefined) return undefined;
    const isOfAge = startOf(sibling.stats) === entry.born;
    // Nothing is known of its bytes, so only its age tells it from another file with its number.
    if (entry.head.bytes === 0 && entry.born !== undefined && !isOfAge) return undefined;
    const file = this.#make(sibling, { home: path, from: entry, now });
    let isOther = Number(sibling.stats.size) < entry.offset;
    await this.#try(file, now, async () => {
      if (await this.#descriptors.open(file, now)) isOther ||= (await file.isFoundIn(file.fd)) === false;
    });
    if (isOther) {
      const isTruncated = isOfAge && [...originsOf(sibling.path)].includes(path);
      if (!isTruncated) {
        this.#descriptors.close(file);
        return undefined;
      }
      this.#files.restart(file, now);
    }
    this.#known.addDetached(file, now);
    this.#known.rotations++;
    return file;
  }

  /** The file of a stored position that the source before this one had open still. */
  async #inherit(
    path: string,
    key: string,
    entry: PositionEntry,
    heritage: Heritage,
    now: number,
  ): Promise<TailedFile | undefined> {
    const open = heritage.take(key);
    if (open === undefined) return undefined;
    const file = this.#make({ path, key, stats: await exactStats(open.fd) }, { from: entry, now });
    this.#descriptors.adopt(file, open);
    this.#known.addDetached(file, now);
    return file;
  }

  /**
   * Takes up what rotation put aside from the path, and has everything read in its order: `before`, then the files
   * that came into being at `since` or later and are not known, then what the path leads to.
   */
  async #readRotated(
    path: string,
    { since, before, now }: { since: number; before: readonly TailedFile[]; now: number },
  ): Promise<void> {
    const chain = [...before];
    const current = this.#known.byPath.get(path);
    const read = current === undefined ? before : [...before, current];
    const siblings = since === Number.POSITIVE_INFINITY ? [] : await this.#siblings.rotatedFrom(path, since);
    for (const sibling of siblings) {
      if (this.#known.byKey.has(sibling.key) || this.#known.departed.has(sibling.key)) continue;
      if (this.#known.isWatched(sibling.path)) continue;
      const file = await this.#unlessRead(sibling, { home: path, read, now });
      if (file === undefined) continue;
      file.savePosition();
      this.#known.addDetached(file, now);
      this.#known.rotations++;
      chain.push(file);
    }
    if (current !== undefined) chain.push(current);
    for (const [index, file] of chain.entries()) {
      if (index > 0) file.predecessor = chain[index - 1];
      if (file !== current) this.#queue.add(file);
    }
  }

  /** The file, unless it was read already: in an earlier run to its end, or as the one that it is a copy of. */
  async #unlessRead(
    sibling: Sibling,
    { home, read, now }: { home: string; read: readonly TailedFile[]; now: number },
  ): Promise<TailedFile | undefined> {
    const entry = entryOf(this.#origin.positions, sibling);
    const file = this.#make(sibling, { home, from: 0, now });
    const earlier = entry && this.#make(sibling, { home, from: entry, now });
    let isRead = false;
    await this.#try(file, now, async () => {
      if (!(await this.#descriptors.open(file, now))) return;
      for (const other of read) {
        isRead ||= isTelling(other.content) && (await other.isFoundIn(file.fd)) === true;
      }
      isRead ||= (await earlier?.isFoundIn(file.fd)) === true;
    });
    if (!isRead) return file;
    this.#descriptors.close(file);
    return undefined;
  }

  #make(sibling: Sibling, options: { home?: string; from: PositionEntry | number; now: number }): TailedFile {
    const { from, home, now } = options;
    const entry = typeof from === 'number' ? undefined : from;
    const file = TailedFile.found(sibling, {
      ...(home !== undefined && { home }),
      from: entry === undefined ? (from as number) : contentOf(entry),
      now,
      origin: this.#origin,
    });
    if (entry !== undefined) {
      const { clock } = this.#origin;
      file.intactAt = now - Math.max(0, clock.toEpoch(now) - entry.seen);
      file.heldAt = entry.path;
    }
    return file;
  }

  async #try(file: TailedFile, now: number, action: () => Promise<unknown>): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.#complaints.report(file.path, 'read the file', error);
      this.#files.failed(file, error, now);
    }
  }

  #stored(): Stored {
    const stored = new Map<string, [string, PositionEntry][]>();
    for (const [key, value] of this.#origin.positions.entries()) {
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
