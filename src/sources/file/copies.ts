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
import type { TailedFiles } from './tailed-files.ts';

/** Clocks of file systems lag behind that of the system by up to a tick of the kernel (CONFIG_HZ=100), in milliseconds. */
const TICK_MS = 10;

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
    const { path, key, stats } = sibling;
    for (const origin of originsOf(path)) {
      if (this.#known.replaced.some((replaced) => replaced.path === origin)) return true;
      const file = this.#known.byPath.get(origin);
      if (file === undefined) continue;
      const { stream, content } = file;
      const before = this.#waiting.get(key);
      const size = Number(stats.size);
      if (before?.stream !== stream && !(await this.#isOfPresent(sibling, file))) continue;
      this.#waiting.set(key, { stream, size });
      // It does not grow, so that it is not being written any more.
      if (size === before?.size && size <= content.position) {
        await this.#try(path, () => this.#note(sibling, origin, now));
      }
      return true;
    }
    return false;
  }

  /** Takes up the copies of everything that was replaced since the last call, and has them read before what replaced it. */
  async takeUp(now: number): Promise<void> {
    for (const replaced of this.#known.replaced.splice(0)) {
      await this.adopt(replaced, now);
    }
    for (const file of this.#known.begun.splice(0)) {
      await this.#try(file.path, () => this.#takeUpEarlier(file, now));
    }
  }

  /** The same for one content. The copy of it, if there is one. */
  adopt(replaced: Replaced, now: number): Promise<TailedFile | undefined> {
    return this.#try(replaced.path, () => this.#takeUp(replaced, now));
  }

  /** What a new file held before anything was read of it, if it was copied and truncated as early as that. */
  async #takeUpEarlier(file: TailedFile, now: number): Promise<void> {
    const { path, startedAt, content, stream, intactAt } = file;
    const present = {
      path,
      born: startedAt,
      content,
      stream,
      intactAt: this.#origin.clock.toEpoch(intactAt),
    };
    for (const { sibling, holds } of await this.#candidates(present)) {
      if (holds === true || (await this.#isOfPresent(sibling, file))) continue;
      this.#begin(sibling, { path }, now);
    }
  }

  /** Whether a file is a copy of one that is in place, which tells more than what was read of that. */
  async #isOfPresent(sibling: Sibling, { path, content, intactAt }: TailedFile): Promise<boolean> {
    if (await this.#isAlike(sibling.path, path, Number(sibling.stats.size))) return true;
    if ((await this.#try(path, () => holdsAt(path, content))) === true) return false;
    // It was truncated and nobody has noticed yet.
    const at = this.#origin.clock.toEpoch(intactAt);
    return isTelling(content) && (await this.#holds(sibling, content, at)) === true;
  }

  async #takeUp(replaced: Replaced, now: number): Promise<TailedFile | undefined> {
    const candidates = await this.#candidates(replaced);
    const copy = candidates.findLast((candidate) => candidate.holds === true);
    if (copy === undefined) {
      this.#known.bytesLost += replaced.unread;
      if (this.#archives) this.#known.outlive(replaced);
    }
    // Whatever came behind the copy was in the file between two looks at it, so nothing of it was read.
    const since = copy === undefined ? replaced.intactAt - TICK_MS : startOf(copy.sibling.stats);
    const unread = candidates.filter(
      ({ sibling, holds }) => holds !== true && startOf(sibling.stats) >= since,
    );
    const chain = copy === undefined ? [] : [await this.#goOn(copy.sibling, replaced, now)];
    for (const { sibling } of unread) chain.push(this.#begin(sibling, replaced, now));
    const { successor } = replaced;
    for (const file of chain) {
      if (successor === undefined) break;
      file.predecessor = successor.predecessor;
      successor.predecessor = file;
    }
    return copy && chain[0];
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

  /** Whether the first `size` bytes of both files are alike, as far as so many bytes tell. */
  async #isAlike(copy: string, original: string, size: number): Promise<boolean> {
    if (size < TELLING_BYTES) return false;
    const isAlikeAt = () => withFile(copy, (a) => withFile(original, (b) => isAlike(a, b, size)));
    return (await this.#try(copy, isAlikeAt)) === true;
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
