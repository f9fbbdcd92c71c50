/**
 * Takes up what rotation put aside from a path under names that no pattern matches, in the order in which it was
 * written. Called by those who find files and who recover them after a restart.
 */
import type { Complaints } from './complaints.ts';
import { holds, isAlike, isTelling, TELLING_BYTES } from './content.ts';
import type { Descriptors } from './descriptors.ts';
import type { StreamOrigin } from './file-stream.ts';
import type { KnownFiles } from './known-files.ts';
import { contentOf, entryOf, type PositionEntry } from './position-entry.ts';
import type { ReadQueue } from './read-queue.ts';
import type { Sibling, Siblings } from './siblings.ts';
import { TailedFile } from './tailed-file.ts';
import type { TailedFiles } from './tailed-files.ts';

export interface RotatedOptions {
  readonly origin: StreamOrigin;
  readonly complaints: Complaints;
  readonly descriptors: Descriptors;
  readonly siblings: Siblings;
  readonly known: KnownFiles;
  readonly files: TailedFiles;
  readonly queue: ReadQueue;
}

export class Rotated {
  readonly #origin: StreamOrigin;
  readonly #complaints: Complaints;
  readonly #descriptors: Descriptors;
  readonly #siblings: Siblings;
  readonly #known: KnownFiles;
  readonly #files: TailedFiles;
  readonly #queue: ReadQueue;

  constructor(options: RotatedOptions) {
    this.#origin = options.origin;
    this.#complaints = options.complaints;
    this.#descriptors = options.descriptors;
    this.#siblings = options.siblings;
    this.#known = options.known;
    this.#files = options.files;
    this.#queue = options.queue;
  }

  /**
   * Takes up what rotation put aside from the path, and has everything read in its order: `before`, then the files
   * that came into being at `since` or later and are not known, then what the path leads to.
   */
  async read(
    path: string,
    { since, before, now }: { since: number; before: readonly TailedFile[]; now: number },
  ): Promise<void> {
    const chain = [...before];
    const current = this.#known.byPath.get(path);
    const read = current === undefined ? before : [...before, current];
    const siblings = since === Number.POSITIVE_INFINITY ? [] : await this.#siblings.rotatedFrom(path, since);
    for (const sibling of siblings) {
      if ((await this.#files.knownAs(sibling)) !== undefined) continue;
      if (this.#known.isWatched(sibling.path)) continue;
      const file = await this.#unlessRead(sibling, { home: path, read, now });
      if (file === undefined) continue;
      this.#known.hold(file);
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

  /** A file to be read from its entry on, or from a byte. `home`: the path it was rotated from. */
  make(sibling: Sibling, options: { home?: string; from: PositionEntry | number; now: number }): TailedFile {
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

  /** Reports what goes wrong with the file, which is left alone for a while then. */
  async try(file: TailedFile, now: number, action: () => Promise<unknown>): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.#complaints.report(file.path, 'read the file', error);
      this.#files.failed(file, error, now);
    }
  }

  /** The file, unless it was read already: in an earlier run to its end, or as the one that it is a copy of. */
  async #unlessRead(
    sibling: Sibling,
    { home, read, now }: { home: string; read: readonly TailedFile[]; now: number },
  ): Promise<TailedFile | undefined> {
    const entry = entryOf(this.#origin.positions, sibling);
    const file = this.make(sibling, { home, from: 0, now });
    const earlier = entry && this.make(sibling, { home, from: entry, now });
    let isRead = false;
    await this.try(file, now, async () => {
      if (!(await this.#descriptors.open(file, now))) return;
      for (const other of read) isRead ||= await isCopyOf(file.fd, Number(sibling.stats.size), other);
      isRead ||= (await earlier?.isFoundIn(file.fd)) === true;
    });
    if (!isRead) return file;
    this.#descriptors.close(file);
    return undefined;
  }
}

/** Whether an open file of that size is a copy of one that was read. */
async function isCopyOf(fd: number, size: number, other: TailedFile): Promise<boolean> {
  if (size < TELLING_BYTES) return false;
  if (other.isOpen) {
    if (await isAlike(fd, other.fd, size)) return true;
    // Else it was truncated and nobody has noticed yet: then the copy is taken up when that is noticed.
    if ((await holds(other.fd, other.content)) === true) return false;
  }
  return isTelling(other.content) && (await other.isFoundIn(fd)) === true;
}
