/**
 * Takes up files: those that matching paths lead to, and those that rotation has moved to other names before they
 * were read, also while the agent was stopped. Puts them into the queue; never reads them. Called by the file source.
 */
import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Logger } from '../../component/logger.ts';
import type { Complaints } from './complaints.ts';
import type { Descriptors } from './descriptors.ts';
import type { StreamOrigin } from './file-stream.ts';
import type { KnownFiles } from './known-files.ts';
import { shownPath, systemPath } from './names.ts';
import { type PositionEntry, readPositionEntry } from './position-entry.ts';
import type { ReadQueue } from './read-queue.ts';
import { isMounted, keyOf, type Sibling, type Siblings, startOf } from './siblings.ts';
import { TailedFile } from './tailed-file.ts';
import type { TailedFiles } from './tailed-files.ts';

/** Most paths of lost files that one log line names. */
const MAX_NAMED = 10;

/** Stored positions by the path of their file. */
type Stored = ReadonlyMap<string, readonly (readonly [key: string, entry: PositionEntry])[]>;

const NOTHING_STORED: Stored = new Map();

export class Finder {
  readonly #startAt: 'beginning' | 'end';
  readonly #matches: (path: string) => boolean;
  readonly #origin: StreamOrigin;
  readonly #complaints: Complaints;
  readonly #descriptors: Descriptors;
  readonly #siblings: Siblings;
  readonly #known: KnownFiles;
  readonly #files: TailedFiles;
  readonly #queue: ReadQueue;
  readonly #log: Logger;
  #isFirst = true;

  /** `matches`: whether a path is one that the source is to read. */
  constructor(options: {
    startAt: 'beginning' | 'end';
    matches: (path: string) => boolean;
    origin: StreamOrigin;
    complaints: Complaints;
    descriptors: Descriptors;
    siblings: Siblings;
    known: KnownFiles;
    files: TailedFiles;
    queue: ReadQueue;
    log: Logger;
  }) {
    this.#startAt = options.startAt;
    this.#matches = options.matches;
    this.#origin = options.origin;
    this.#complaints = options.complaints;
    this.#descriptors = options.descriptors;
    this.#siblings = options.siblings;
    this.#known = options.known;
    this.#files = options.files;
    this.#queue = options.queue;
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
    const stored = this.#isFirst ? this.#stored() : NOTHING_STORED;
    const fresh: TailedFile[] = [];
    // Paths that become vacant on the way are appended, and so looked at in the same pass.
    for (const [path, alias] of this.#known.vacant) {
      if (
        alias !== undefined &&
        alias.file.detachedAt === undefined &&
        (await this.#files.leadsTo(path, alias.file))
      ) {
        continue;
      }
      const file = await this.#lookAt(path, stored, now);
      if (file === undefined) continue;
      fresh.push(file);
      const before = this.#known.leaving.get(path);
      const since = before?.startedAt ?? changedAt(dirname(path));
      if (!this.#isFirst && since !== undefined) {
        await this.#readRotated(path, { since, before: before === undefined ? [] : [before], now });
      }
    }
    if (this.#isFirst) await this.#recover(stored, now);
    this.#isFirst = false;
    fresh.sort((a, b) => a.modifiedAt - b.modifiedAt);
    for (const file of fresh) this.#queue.add(file);
  }

  /** The new file under the path, if there is one. */
  async #lookAt(path: string, stored: Stored, now: number): Promise<TailedFile | undefined> {
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
    if (file !== undefined) {
      this.#known.attach(file, path);
      file.stream.done = false;
      this.#queue.add(file);
      return undefined;
    }
    // A path that was read before has been rotated: what it leads to now is new, whatever `start_at` says.
    const fromEnd = this.#isFirst && this.#startAt === 'end' && !stored.has(path);
    return this.#begin({ path, key, stats }, { fromEnd, now });
  }

  async #begin(
    { path, key, stats }: Sibling,
    { fromEnd, now }: { fromEnd: boolean; now: number },
  ): Promise<TailedFile> {
    const size = Number(stats.size);
    const entry = readPositionEntry(this.#origin.positions.get(key));
    const file = this.#make({ path, key, stats }, { from: entry ?? (fromEnd ? size : 0), now });
    file.predecessor = this.#known.leaving.get(path);
    this.#known.attach(file, path);
    if (entry === undefined && fromEnd) {
      await this.#try(file, now, async () => {
        if (await this.#descriptors.open(file, now)) await file.learn();
      });
    }
    if (entry?.done || (entry === undefined && fromEnd)) file.savePosition();
    if (size < file.position) this.#files.restart(file, now);
    // Open at once, so that it can be read even when it is deleted before its turn comes.
    if (!file.isOpen && this.#descriptors.hasRoom) {
      await this.#try(file, now, () => this.#files.open(file, now));
    }
    return file;
  }

  /** At the first call: what became of the files that were read in an earlier run and that no path leads to. */
  async #recover(stored: Stored, now: number): Promise<void> {
    const lost: string[] = [];
    for (const [path, entries] of stored) {
      if (!this.#matches(path)) continue;
      const current = this.#known.byPath.get(path);
      const before: TailedFile[] = [];
      for (const [key, entry] of entries) {
        if (entry.done || this.#known.byKey.has(key)) continue;
        const file = await this.#takeUp(path, key, entry, now);
        if (file !== undefined) before.push(file);
        else if (await isMounted(path, key)) {
          lost.push(shownPath(path));
          this.#origin.positions.set(key, { ...entry, done: true });
        }
      }
      before.sort((a, b) => a.startedAt - b.startedAt);
      const isRotated = !entries.some(([key]) => key === current?.key);
      const since = isRotated
        ? Math.max(...entries.map(([, { born, seen }]) => born ?? seen))
        : Number.POSITIVE_INFINITY;
      await this.#readRotated(path, { since, before, now });
    }
    if (lost.length === 0) return;
    this.#known.filesLost += lost.length;
    this.#log.warn(
      { source: this.#origin.source, files: lost.length, paths: lost.slice(0, MAX_NAMED) },
      'files read in an earlier run are gone, so that what was written to them since then is not known; rotate to the same folder, uncompressed at first, to have it read',
    );
  }

  /** The file of a stored position, wherever rotation has put it; undefined when it is not there any more. */
  async #takeUp(
    path: string,
    key: string,
    entry: PositionEntry,
    now: number,
  ): Promise<TailedFile | undefined> {
    const sibling = await this.#siblings.withKey(path, key);
    if (sibling === undefined || Number(sibling.stats.size) < entry.offset) return undefined;
    const file = this.#make(sibling, { home: path, from: entry, now });
    let isOther = false;
    await this.#try(file, now, async () => {
      if (await this.#descriptors.open(file, now)) isOther = (await file.isFoundIn(file.fd)) === false;
    });
    if (isOther) {
      this.#descriptors.close(file);
      return undefined;
    }
    this.#known.addDetached(file, now);
    this.#known.rotations++;
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
    const siblings = since === Number.POSITIVE_INFINITY ? [] : await this.#siblings.rotatedFrom(path, since);
    for (const sibling of siblings) {
      if (this.#known.byKey.has(sibling.key) || this.#known.departed.has(sibling.key)) continue;
      if (this.#known.isWatched(sibling.path)) continue;
      const file = await this.#unlessRead(sibling, { home: path, before, now });
      if (file === undefined) continue;
      this.#known.addDetached(file, now);
      this.#known.rotations++;
      chain.push(file);
    }
    const current = this.#known.byPath.get(path);
    if (current !== undefined) chain.push(current);
    for (const [index, file] of chain.entries()) {
      if (index > 0) file.predecessor = chain[index - 1];
      if (file !== current) this.#queue.add(file);
    }
  }

  /** The file, unless it was read already: in an earlier run to its end, or as the one that it is a copy of. */
  async #unlessRead(
    sibling: Sibling,
    { home, before, now }: { home: string; before: readonly TailedFile[]; now: number },
  ): Promise<TailedFile | undefined> {
    const entry = readPositionEntry(this.#origin.positions.get(sibling.key));
    const file = this.#make(sibling, { home, from: 0, now });
    const earlier = entry && this.#make(sibling, { home, from: entry, now });
    let isRead = false;
    await this.#try(file, now, async () => {
      if (!(await this.#descriptors.open(file, now))) return;
      for (const other of before) isRead ||= (await other.isFoundIn(file.fd)) === true;
      isRead ||= (await earlier?.isFoundIn(file.fd)) === true;
    });
    if (!isRead) return file;
    this.#descriptors.close(file);
    return undefined;
  }

  #make(
    { path, key, stats }: Sibling,
    options: { home?: string; from: PositionEntry | number; now: number },
  ): TailedFile {
    const file = new TailedFile({
      path,
      home: options.home ?? path,
      key,
      dev: Number(stats.dev),
      ino: Number(stats.ino),
      size: Number(stats.size),
      startedAt: startOf(stats),
      now: options.now,
      origin: this.#origin,
      from: options.from,
    });
    // Only a hint for the order of reading, until the first poll.
    file.modifiedAt = Number(stats.mtimeNs) / 1e6;
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
      if (entry === undefined) continue;
      const entries = stored.get(entry.path);
      if (entries === undefined) stored.set(entry.path, [[key, entry]]);
      else entries.push([key, entry]);
    }
    return stored;
  }
}
