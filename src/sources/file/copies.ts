/**
 * What rotation by copying leaves behind: a file that was truncated, and beside it a copy of what it held. Takes up the
 * copy behind what was read of the original, so that nothing is lost that was copied, and nothing is read twice.
 * Called by the finder.
 */
import type { Complaints } from './complaints.ts';
import {
  beginsWith,
  type Content,
  contentUpTo,
  holds,
  isAlike,
  isTelling,
  TELLING_BYTES,
} from './content.ts';
import { closeFile, openFile } from './file-handle.ts';
import type { FileStream, StreamOrigin } from './file-stream.ts';
import type { KnownFiles, Replaced } from './known-files.ts';
import { entryOf } from './position-entry.ts';
import type { ReadQueue } from './read-queue.ts';
import { originsOf, type Sibling, type Siblings, startOf } from './siblings.ts';
import { TailedFile } from './tailed-file.ts';
import { type TailedFiles, TICK_MS } from './tailed-files.ts';

interface Candidate {
  readonly sibling: Sibling;
  /** Whether it holds what was read; undefined: nothing was read. */
  readonly holds: boolean | undefined;
}

export class Copies {
  readonly #origin: StreamOrigin;
  readonly #complaints: Complaints;
  readonly #siblings: Siblings;
  readonly #known: KnownFiles;
  readonly #files: TailedFiles;
  readonly #queue: ReadQueue;
  readonly #archives: boolean;
  /** Copies that were left alone, by their key: of what, and how large they were. */
  readonly #waiting = new Map<string, { readonly stream: FileStream; readonly size: number }>();

  constructor(options: {
    origin: StreamOrigin;
    complaints: Complaints;
    siblings: Siblings;
    known: KnownFiles;
    files: TailedFiles;
    queue: ReadQueue;
    /** Whether copies may be found compressed. */
    archives: boolean;
  }) {
    this.#origin = options.origin;
    this.#complaints = options.complaints;
    this.#siblings = options.siblings;
    this.#known = options.known;
    this.#files = options.files;
    this.#queue = options.queue;
    this.#archives = options.archives;
  }

  /**
   * Whether a file of which no position is stored holds what the file begins with that by its name it was rotated from.
   * Then it is left alone: either that one is truncated and the copy taken up, or all of it is read from that one.
   */
  async isCopy(sibling: Sibling, now: number): Promise<boolean> {
    const { path } = sibling;
    for (const origin of originsOf(path)) {
      if (this.#known.replaced.some((replaced) => replaced.path === origin)) return true;
      // What the path led to last may have been truncated, and replaced since then.
      for (const file of [this.#known.byPath.get(origin), this.#known.leaving.get(origin)]) {
        if (file !== undefined && (await this.#isCopyOf(sibling, file, origin, now))) return true;
      }
    }
    return false;
  }

  async #isCopyOf(sibling: Sibling, file: TailedFile, origin: string, now: number): Promise<boolean> {
    const { path, key, stats } = sibling;
    const { stream, content } = file;
    const before = this.#waiting.get(key);
    if (before?.stream !== stream && !(await this.#isOfPresent(sibling, file))) return false;
    const size = Number(stats.size);
    this.#waiting.set(key, { stream, size });
    // It does not grow, so that it is not being written any more.
    if (size === before?.size && size <= content.position) {
      await this.#try(path, () => this.#note(sibling, origin, now));
    }
    return true;
  }

  /** Takes up the copies of everything that was replaced since the last call, and has them read before what replaced it. */
  async takeUp(now: number): Promise<void> {
    const replaced = this.#known.replaced.splice(0);
    // All copies first: what is none of them was in a file between two looks.
    const copies = new Map<Replaced, TailedFile | undefined>();
    for (const each of replaced) copies.set(each, await this.adopt(each, now));
    for (const each of replaced)
      await this.#try(each.path, () => this.#takeUpOthers(each, copies.get(each), now));
    for (const { file, since } of this.#known.begun.splice(0)) {
      await this.#try(file.path, () => this.#takeUpEarlier(file, since, now));
    }
  }

  /** Takes up the copy of one content, if there is one. */
  adopt(replaced: Replaced, now: number): Promise<TailedFile | undefined> {
    return this.#try(replaced.path, async () => {
      const candidates = await this.#candidates(replaced);
      const copy = candidates.findLast((candidate) => candidate.holds === true);
      return copy && this.#goOn(copy.sibling, replaced, now);
    });
  }

  /** What a file held while it was blank, if it was copied and truncated as early as that. */
  async #takeUpEarlier(file: TailedFile, since: number, now: number): Promise<void> {
    const { path, content, stream, intactAt } = file;
    const present = {
      path,
      born: since,
      content,
      stream,
      intactAt: this.#origin.clock.toEpoch(intactAt),
    };
    for (const { sibling, holds } of await this.#candidates(present)) {
      if (holds === true || (await this.#isOfPresent(sibling, file))) continue;
      this.#begin(sibling, { path }, now);
    }
  }

  /** Whether a file is a copy of one that is there, which tells more than what was read of that. */
  async #isOfPresent(sibling: Sibling, file: TailedFile): Promise<boolean> {
    const { path, content, intactAt } = file;
    const size = Number(sibling.stats.size);
    const compare = async (original: number) => {
      if (size >= TELLING_BYTES && (await withFile(sibling.path, (copy) => isAlike(copy, original, size))))
        return true;
      return (await holds(original, content)) === true ? false : undefined;
    };
    const isAlikeNow = await this.#try(path, () =>
      file.isOpen ? compare(file.fd) : withFile(path, compare),
    );
    if (isAlikeNow !== undefined) return isAlikeNow;
    // It was truncated and nobody has noticed yet.
    const at = this.#origin.clock.toEpoch(intactAt);
    return isTelling(content) && (await this.#holds(sibling, content, at)) === true;
  }

  /** Whatever came behind the copy was in the file between two looks at it, so nothing of it was read. */
  async #takeUpOthers(replaced: Replaced, copy: TailedFile | undefined, now: number): Promise<void> {
    const { intactAt, unread, successor } = replaced;
    if (copy === undefined) {
      this.#known.bytesLost += unread;
      if (this.#archives) this.#known.outlive(replaced);
    }
    const since = copy?.startedAt ?? intactAt - TICK_MS;
    const chain = copy === undefined ? [] : [copy];
    for (const { sibling, holds } of await this.#candidates(replaced)) {
      if (holds !== true && startOf(sibling.stats) >= since) chain.push(this.#begin(sibling, replaced, now));
    }
    for (const file of successor === undefined ? [] : chain) {
      file.predecessor = successor!.predecessor;
      successor!.predecessor = file;
    }
  }

  /** Files that by their names may be copies and that are not known yet, oldest first. */
  async #candidates({
    path,
    born,
    content,
    stream,
    intactAt,
  }: Omit<Replaced, 'unread'>): Promise<Candidate[]> {
    const found: Candidate[] = [];
    for (const sibling of await this.#siblings.rotatedFrom(path, born)) {
      const { key } = sibling;
      if ((await this.#files.knownAs(sibling)) !== undefined) continue;
      if (entryOf(this.#origin.positions, sibling) !== undefined) continue;
      const isKnown = this.#waiting.get(key)?.stream === stream;
      const isHolding = isKnown || (await this.#holds(sibling, content, intactAt));
      found.push({ sibling, holds: isHolding });
    }
    return found;
  }

  /**
   * The copy is read from where reading of the original stood; what of that is on its way still counts. A copy that was
   * made before that was read is only noted as read.
   */
  async #goOn(sibling: Sibling, { content, stream, path }: Replaced, now: number): Promise<TailedFile> {
    if (Number(sibling.stats.size) < content.position) return this.#note(sibling, path, now);
    const options = { home: path, now, origin: this.#origin };
    stream.moveTo(sibling.key, startOf(sibling.stats));
    return this.#add(sibling, TailedFile.found(sibling, { ...options, from: content, stream }), now);
  }

  /** Everything in the copy was read already. */
  async #note(sibling: Sibling, home: string, now: number): Promise<TailedFile> {
    const from = await withFile(sibling.path, (fd) => contentUpTo(fd, Number(sibling.stats.size)));
    const file = TailedFile.found(sibling, { home, from, now, origin: this.#origin });
    this.#known.hold(file);
    return this.#add(sibling, file, now);
  }

  #begin(sibling: Sibling, { path }: { path: string }, now: number): TailedFile {
    const file = TailedFile.found(sibling, { home: path, from: 0, now, origin: this.#origin });
    this.#known.hold(file);
    return this.#add(sibling, file, now);
  }

  #add({ path, key }: Sibling, file: TailedFile, now: number): TailedFile {
    this.#waiting.delete(key);
    if (this.#known.vacant.has(path)) this.#known.attach(file, path);
    else this.#known.addDetached(file, now);
    this.#known.rotations++;
    this.#queue.add(file);
    return file;
  }

  /**
   * Whether the file holds the content, or the part of it that was there when the file was made: of a shorter one only
   * the beginning can be compared, so that it must also be older than the end of the content. Undefined: nothing was read.
   */
  async #holds({ path, stats }: Sibling, content: Content, intactAt: number): Promise<boolean | undefined> {
    return this.#try(path, () =>
      withFile(path, async (fd) => {
        if (Number(stats.size) >= content.position) return holds(fd, content);
        const isOlder = startOf(stats) <= intactAt;
        return isOlder && content.head.bytes >= TELLING_BYTES && beginsWith(fd, content.head);
      }),
    );
  }

  async #try<T>(path: string, action: () => Promise<T>): Promise<T | undefined> {
    try {
      return await action();
    } catch (error) {
      this.#complaints.report(path, 'read the file', error);
      return undefined;
    }
  }
}

/** Whether the file at the path holds the content, see `holds`. */
export function holdsAt(path: string, content: Content): Promise<boolean | undefined> {
  return withFile(path, (fd) => holds(fd, content));
}

async function withFile<T>(path: string, use: (fd: number) => Promise<T>): Promise<T> {
  const { fd } = await openFile(path);
  try {
    return await use(fd);
  } finally {
    closeFile(fd);
  }
}
