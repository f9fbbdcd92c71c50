/**
 * At the start: what became of the files that were read in an earlier run, or by the source whose place this one takes,
 * and that no path leads to any more. Called by the finder, once.
 */
import type { Logger } from '../../component/logger.ts';
import type { Archives } from './archives.ts';
import type { Copies } from './copies.ts';
import type { Descriptors } from './descriptors.ts';
import { exactStats } from './file-handle.ts';
import { FileStream, type StreamOrigin } from './file-stream.ts';
import { Heritage } from './handover.ts';
import type { KnownFiles } from './known-files.ts';
import { shownPath } from './names.ts';
import { contentOf, type PositionEntry, type Stored } from './position-entry.ts';
import type { Rotated, RotatedOptions } from './rotated.ts';
import { isMounted, originsOf, type Siblings, startOf } from './siblings.ts';
import type { TailedFile } from './tailed-file.ts';
import type { TailedFiles } from './tailed-files.ts';

/** Most paths of lost files that one log line names. */
const MAX_NAMED = 10;

export interface RecoveryOptions extends RotatedOptions {
  readonly matches: (path: string) => boolean;
  readonly copies: Copies;
  readonly archives: Archives | undefined;
  readonly rotated: Rotated;
  readonly log: Logger;
}

export class Recovery {
  readonly #matches: (path: string) => boolean;
  readonly #origin: StreamOrigin;
  readonly #descriptors: Descriptors;
  readonly #siblings: Siblings;
  readonly #known: KnownFiles;
  readonly #files: TailedFiles;
  readonly #copies: Copies;
  readonly #archives: Archives | undefined;
  readonly #rotated: Rotated;
  readonly #log: Logger;
  /** By the path they were known under. */
  readonly #found = new Map<string, TailedFile[]>();

  constructor(options: RecoveryOptions) {
    this.#matches = options.matches;
    this.#origin = options.origin;
    this.#descriptors = options.descriptors;
    this.#siblings = options.siblings;
    this.#known = options.known;
    this.#files = options.files;
    this.#copies = options.copies;
    this.#archives = options.archives;
    this.#rotated = options.rotated;
    this.#log = options.log;
  }

  /**
   * Takes up what is there of the files, and reports the others. Call before files are looked for of which no position is
   * stored: they may be copies of these. `heir`: the name under which open files were left.
   */
  async takeUp(stored: Stored, { heir, now }: { heir: string; now: number }): Promise<void> {
    const heritage = new Heritage(heir);
    const lost: string[] = [];
    for (const [path, entries] of stored) {
      if (!this.#matches(path)) continue;
      const found: TailedFile[] = [];
      for (const [key, entry] of entries) {
        const known = this.#known.byKey.get(key);
        if (known !== undefined) {
          this.#reopen(known, heritage);
          continue;
        }
        if (entry.done) continue;
        const file =
          (await this.#find(path, key, entry, now)) ??
          (await this.#inherit(path, key, entry, heritage, now)) ??
          (await this.#findCopy(path, key, entry, now));
        if (file !== undefined) found.push(file);
        else if (await this.#isLost(path, key, entry)) lost.push(shownPath(path));
      }
      this.#found.set(path, found);
    }
    heritage.close();
    if (lost.length === 0) return;
    this.#known.filesLost += lost.length;
    this.#log.warn(
      { source: this.#origin.source, files: lost.length, paths: lost.slice(0, MAX_NAMED) },
      'files read in an earlier run are gone, so that what was written to them since then is not known; rotate to the same folder, uncompressed at first or with archives: true, to have it read',
    );
  }

  /** Takes up what rotation put aside since then, and has everything read in its order. Call when all paths were looked at. */
  async readRotated(stored: Stored, now: number): Promise<void> {
    for (const [path, found] of this.#found) {
      const before = found.toSorted((a, b) => a.startedAt - b.startedAt);
      await this.#rotated.read(path, { since: this.#sinceOf(path, stored.get(path)!), before, now });
    }
    this.#found.clear();
  }

  /** The copy of a file that is gone. */
  async #findCopy(
    path: string,
    key: string,
    entry: PositionEntry,
    now: number,
  ): Promise<TailedFile | undefined> {
    if (!(await isMounted(path, key))) return undefined;
    const content = contentOf(entry);
    const { born = 0, seen } = entry;
    const stream = new FileStream({ home: path, born, key, origin: this.#origin, skipped: 0, ...content });
    const gone = { path, born, content, stream, unread: 0, intactAt: seen };
    const copy = await this.#copies.adopt(gone, now);
    if (copy !== undefined) this.#origin.positions.delete(key);
    else this.#known.replaced.push(gone);
    return copy;
  }

  /** Whether nothing is known of what was written to the file. It is not searched for again. */
  async #isLost(path: string, key: string, entry: PositionEntry): Promise<boolean> {
    if (!(await isMounted(path, key))) return false;
    this.#origin.positions.set(key, { ...entry, done: true });
    return (await this.#archives?.begins(path, contentOf(entry))) !== true;
  }

  /**
   * From when on files beside the path were not known to an earlier run. Where the path leads to another file now, one
   * may have been read in between; where it leads to the same one, it may have been copied and truncated.
   */
  #sinceOf(path: string, entries: readonly (readonly [key: string, entry: PositionEntry])[]): number {
    const current = this.#known.byPath.get(path);
    const entry = entries.find(([key, { born }]) => key === current?.key && born === current.startedAt)?.[1];
    return entry?.seen ?? Math.max(...entries.map(([, { born, seen }]) => born ?? seen));
  }

  /** The file of a stored position, wherever rotation has put it; undefined when it is not there any more. */
  async #find(path: string, key: string, entry: PositionEntry, now: number): Promise<TailedFile | undefined> {
    const sibling = await this.#siblings.withKey(path, key, entry.born);
    if (sibling === undefined) return undefined;
    const isOfAge = startOf(sibling.stats) === entry.born;
    // Nothing is known of its bytes, so only its age tells it from another file with its number.
    if (entry.head.bytes === 0 && entry.born !== undefined && !isOfAge) return undefined;
    const file = this.#rotated.make(sibling, { home: path, from: entry, now });
    let isOther = Number(sibling.stats.size) < entry.offset;
    await this.#rotated.try(file, now, async () => {
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

  /** A file that its path led to a moment ago may be open only here. */
  #reopen(file: TailedFile, heritage: Heritage): void {
    if (file.isOpen || !this.#descriptors.hasRoom) return;
    const open = heritage.take(file.key);
    if (open !== undefined) this.#descriptors.adopt(file, open);
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
    const file = this.#rotated.make({ path, key, stats: await exactStats(open.fd) }, { from: entry, now });
    this.#descriptors.adopt(file, open);
    this.#known.addDetached(file, now);
    return file;
  }
}
