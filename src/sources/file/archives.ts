/**
 * Rotated files that were compressed: finds them beside the logs, tells by what they decompress to whether they were
 * read before they were compressed, and has the rest read, each once. Called by the file source, one call at a time.
 */
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Logger } from '../../component/logger.ts';
import type { Slot } from '../../kernel/slot.ts';
import { Archive, type Candidate, firstBytes } from './archive.ts';
import type { Attributes } from './attributes.ts';
import type { Complaints } from './complaints.ts';
import { type Content, TELLING_BYTES } from './content.ts';
import { readAt } from './file-handle.ts';
import { FileStream, type StreamOrigin } from './file-stream.ts';
import { NOTHING } from './fingerprint.ts';
import type { KnownFiles } from './known-files.ts';
import { shownPath } from './names.ts';
import { contentOf, readPositionEntry } from './position-entry.ts';
import type { ReadQueue } from './read-queue.ts';
import { type Sibling, type Siblings, startOf } from './siblings.ts';
import type { Reading, ReadOptions, TailedFile } from './tailed-file.ts';

/** An archive that could not be read is looked at again for so long after it was last written to, in milliseconds. */
const WRITTEN_WITHIN_MS = 600_000;
/** As in discovery.ts: a folder that changed later than this before it was listed is listed again. */
const UNSETTLED_MS = 2000;
const EMPTY: Content = { position: 0, head: NOTHING, tail: NOTHING };

export class Archives {
  readonly #isFromEnd: boolean;
  readonly #origin: StreamOrigin;
  readonly #attributes: Attributes;
  readonly #complaints: Complaints;
  readonly #siblings: Siblings;
  readonly #known: KnownFiles;
  readonly #queue: ReadQueue;
  readonly #log: Logger;
  /** Archives that were decided on, with the size they had then. */
  readonly #decided = new Map<string, bigint>();
  /** Archives that could not be read as they were then. */
  readonly #broken = new Set<string>();
  /** Archives of files that are still being read, with those. */
  readonly #waiting = new Map<string, FileStream>();
  readonly #reading = new Set<Archive>();
  readonly #storedPaths = new Set<string>();
  /** When the folders had changed when all archives in them were decided on. */
  readonly #settled = new Map<string, number>();
  #isFirst = true;
  /** Archives read to their end, those of which everything was read before, and those that are damaged. */
  whole = 0;
  alreadyRead = 0;
  damaged = 0;

  constructor(options: {
    /** Whether what is there at the start is not to be read. */
    isFromEnd: boolean;
    origin: StreamOrigin;
    attributes: Attributes;
    complaints: Complaints;
    siblings: Siblings;
    known: KnownFiles;
    queue: ReadQueue;
    log: Logger;
  }) {
    this.#isFromEnd = options.isFromEnd;
    this.#origin = options.origin;
    this.#attributes = options.attributes;
    this.#complaints = options.complaints;
    this.#siblings = options.siblings;
    this.#known = options.known;
    this.#queue = options.queue;
    this.#log = options.log;
  }

  /** Notes of which paths anything was read in an earlier run. Call before files are looked for. */
  start(): void {
    for (const [, value] of this.#origin.positions.entries()) {
      const entry = readPositionEntry(value);
      if (entry !== undefined) this.#storedPaths.add(entry.path);
    }
  }

  /** Puts archives that hold something new into the queue, before the file they were rotated from. */
  async find(): Promise<void> {
    const { clock } = this.#origin;
    // Looked at before the listings, so that a change after them is noticed.
    const now = clock.toEpoch(clock.now());
    const unsettled = new Map<string, number>();
    const paths = [...this.#known.byPath.keys(), ...this.#known.vacant.keys()];
    for (const folder of new Set(paths.map((path) => dirname(path)))) {
      const changedAt = await this.#changedAt(folder);
      if (this.#settled.get(folder) !== changedAt) unsettled.set(folder, changedAt);
    }
    if (unsettled.size > 0) this.#siblings.forget();
    for (const path of paths) {
      const folder = dirname(path);
      if (!unsettled.has(folder)) continue;
      const isOld = this.#isFirst && this.#isFromEnd && !this.#storedPaths.has(path);
      if (!(await this.#findBeside(path, isOld))) unsettled.set(folder, Number.POSITIVE_INFINITY);
    }
    for (const [folder, changedAt] of unsettled) {
      if (now - changedAt > UNSETTLED_MS) this.#settled.set(folder, changedAt);
      else this.#settled.delete(folder);
    }
    this.#isFirst = false;
  }

  /** Whether an archive beside the path begins as the content did. */
  async begins(path: string, content: Content): Promise<boolean> {
    for (const sibling of await this.#siblings.archivesOf(path)) {
      const start = await firstBytes(sibling.path).catch(() => undefined);
      if (start !== undefined && isStart(start, content)) return true;
    }
    return false;
  }

  /** Lets go of those that are not read to their end. */
  async closeAll(): Promise<void> {
    for (const archive of this.#reading) await archive.close();
    this.#reading.clear();
  }

  /**
   * Reads once from the archive, or compares a part of it with what was read before. Puts it into the queue again while
   * there is more. Never rejects: one that is damaged is reported, and tried again when it has changed.
   */
  async read(archive: Archive, slot: Slot, options: ReadOptions): Promise<Reading> {
    try {
      if (archive.stream === undefined) {
        if (!(await archive.compare(slot.capacity))) this.#queue.add(archive);
        else await this.#decide(archive);
        return { kind: 'none' };
      }
      const reading = await archive.read(slot, options);
      if (archive.isRead) await this.#finish(archive, archive.stream);
      else this.#queue.add(archive);
      return reading;
    } catch (error) {
      this.damaged++;
      this.#broken.add(archive.sibling.key);
      this.#settled.delete(dirname(archive.home));
      this.#complaints.report(archive.path, 'read the archive', error);
      await this.#close(archive);
      return { kind: 'none' };
    }
  }

  async #decide(archive: Archive): Promise<void> {
    const { matched, sibling } = archive;
    if (matched?.stream !== undefined) {
      this.#waiting.set(sibling.key, matched.stream);
      this.#decided.delete(sibling.key);
      this.#settled.delete(dirname(archive.home));
      await this.#close(archive);
      return;
    }
    const content = matched?.content ?? EMPTY;
    await archive.begin(this.#streamOf(archive.home, sibling, content), content);
    this.#log.info(
      { source: this.#origin.source, path: shownPath(archive.path), position: content.position },
      'reading an archive',
    );
    this.#queue.add(archive);
  }

  async #finish(archive: Archive, stream: FileStream): Promise<void> {
    if (archive.records > 0) this.whole++;
    else this.alreadyRead++;
    stream.done = true;
    if (stream.committed === archive.position) stream.note();
    await this.#close(archive);
  }

  async #close(archive: Archive): Promise<void> {
    this.#reading.delete(archive);
    await archive.close();
  }

  /** False when something is to be looked at again although the folder does not change. */
  async #findBeside(path: string, isOld: boolean): Promise<boolean> {
    let isSettled = true;
    const current = this.#known.byPath.get(path);
    for (const sibling of await this.#siblings.archivesOf(path)) {
      const { key, stats } = sibling;
      if (this.#decided.get(key) === stats.size) {
        if (this.#broken.has(key) && this.#isRecent(stats)) isSettled = false;
        continue;
      }
      this.#broken.delete(key);
      const archive = await this.#takeUp(path, sibling, isOld).catch((error) => {
        // Most likely it is being written.
        this.#complaints.report(sibling.path, 'read the archive', error);
        return 'later' as const;
      });
      if (archive === 'later') isSettled = false;
      else this.#decided.set(key, stats.size);
      if (!(archive instanceof Archive)) continue;
      this.#reading.add(archive);
      if (current !== undefined) {
        archive.predecessor = current.predecessor;
        current.predecessor = archive;
      }
      this.#queue.add(archive);
    }
    return isSettled;
  }

  /** The archive when it may hold something new. `later`: the file it was made from is still being read. */
  async #takeUp(home: string, sibling: Sibling, isOld: boolean): Promise<Archive | 'read' | 'later'> {
    const { key, path, stats } = sibling;
    const own = readPositionEntry(this.#origin.positions.get(storeKey(key)));
    if (own !== undefined && own.born === startOf(stats)) {
      if (own.done === true) return 'read';
      const archive = new Archive({ home, sibling, candidates: [] });
      await archive.begin(this.#streamOf(home, sibling, contentOf(own)), contentOf(own));
      return archive;
    }
    const waitsFor = this.#waiting.get(key);
    if (waitsFor !== undefined && this.#live().some(({ stream }) => stream === waitsFor)) return 'later';

    const start = await firstBytes(path);
    const begins = ({ content }: Candidate) => content.head.bytes >= TELLING_BYTES && isStart(start, content);
    const stored = this.#storedContents().map((content) => ({ content }));
    const candidates = [...stored, ...this.#live()].filter(begins);
    // Of others so little was read that only the files themselves tell.
    for (const { fd, content, stream, path: other } of this.#openBeside(path)) {
      const isSame = await isAlikeStart(fd, start).catch((error) =>
        this.#complaints.report(other, 'read the file', error),
      );
      if (isSame === true) candidates.push({ content, stream });
    }
    if (candidates.length > 0 || !isOld) return new Archive({ home, sibling, candidates });
    const stream = this.#streamOf(home, sibling, EMPTY);
    stream.done = true;
    stream.note();
    return 'read';
  }

  #streamOf(home: string, { key, stats }: Sibling, content: Content): FileStream {
    return new FileStream({
      home,
      born: startOf(stats),
      key: storeKey(key),
      origin: this.#origin,
      skipped: 0,
      ...content,
    });
  }

  /** What is still being read, or on its way. */
  #live(): Candidate[] {
    const { gone, byKey } = this.#known;
    for (let index = gone.length - 1; index >= 0; index--) {
      const { content, stream } = gone[index]!;
      if (stream.committed >= content.position) gone.splice(index, 1);
    }
    return [...gone, ...byKey.values()].map(({ content, stream }) => ({ content, stream }));
  }

  /** Open files in the same folder of which little was read. */
  #openBeside(path: string): TailedFile[] {
    const folder = dirname(path);
    return [...this.#known.byKey.values()].filter(
      (file) => file.isOpen && file.content.head.bytes < TELLING_BYTES && dirname(file.path) === folder,
    );
  }

  #storedContents(): Content[] {
    const contents: Content[] = [];
    for (const [, value] of this.#origin.positions.entries()) {
      const entry = readPositionEntry(value);
      if (entry !== undefined) contents.push(contentOf(entry));
    }
    return contents;
  }

  #isRecent({ mtimeNs }: { mtimeNs: bigint }): boolean {
    const { clock } = this.#origin;
    return clock.toEpoch(clock.now()) - Number(mtimeNs) / 1e6 < WRITTEN_WITHIN_MS;
  }

  async #changedAt(folder: string): Promise<number> {
    try {
      return (await this.#attributes.at(folder))?.ctimeMs ?? 0;
    } catch {
      return 0;
    }
  }
}

/** Whether an open file begins with what the archive begins with, as far as so few bytes tell. */
async function isAlikeStart(fd: number, start: Buffer): Promise<boolean> {
  const found = Buffer.allocUnsafe(start.length);
  const length = await readAt(fd, [found], 0);
  return length >= TELLING_BYTES && found.subarray(0, length).equals(start.subarray(0, length));
}

/** Archives are stored apart from files that are tailed. */
function storeKey(key: string): string {
  return `gz:${key}`;
}

function isStart(start: Buffer, { head }: Content): boolean {
  return head.bytes <= start.length && crc32(start.subarray(0, head.bytes)) === head.crc;
}
