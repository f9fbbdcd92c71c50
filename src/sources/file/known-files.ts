/**
 * Which files are tailed and which paths lead to them. A file is recognised by its device and inode (its key), never
 * by its path. Only keeps book; what becomes of files is decided by those who call it.
 */
import type { Content } from './content.ts';
import type { FileStream } from './file-stream.ts';
import type { HeldPositions } from './held-positions.ts';
import type { TailedFile } from './tailed-file.ts';

/** What a path led to that is tailed under another path. */
export interface Alias {
  readonly file: TailedFile;
  readonly dev: number;
}

/** What a file held before it was truncated, rewritten, or deleted. */
export interface Replaced {
  /** Where the file was, and when it came into being, in milliseconds since 1970. */
  readonly path: string;
  readonly born: number;
  /** What is to be read behind it. */
  readonly successor?: TailedFile;
  readonly content: Content;
  readonly stream: FileStream;
  /** Bytes that were seen and not read. */
  readonly unread: number;
  /** When it still held that, by the clock of the system, in milliseconds since 1970. */
  readonly intactAt: number;
}

export class KnownFiles {
  readonly byKey = new Map<string, TailedFile>();
  readonly byPath = new Map<string, TailedFile>();
  /** Matching paths under which no file is tailed, with the alias they were when last looked at. */
  vacant = new Map<string, Alias | undefined>();
  /** By its path, the file that the path led to last and leads to no more. */
  readonly leaving = new Map<string, TailedFile>();
  /** Files without a path that are only looked at now and then, the first one longest. */
  readonly followed = new Set<TailedFile>();
  /** Files done with that still exist, until everything read from them is delivered. */
  readonly departed = new Map<string, TailedFile>();
  /** What was read of files that are gone, until all of it is delivered: they may come back compressed. */
  readonly gone: { readonly content: Content; readonly stream: FileStream }[] = [];
  /** Files that were blank and of which something was read now. */
  readonly begun: { readonly file: TailedFile; readonly since: number }[] = [];
  /** Contents that may be found in a copy beside their file. */
  readonly replaced: Replaced[] = [];
  /** Streams of files taken up in this pass, and the files' homes. */
  readonly #held = new Map<FileStream, string>();
  readonly #positions: HeldPositions;
  rotations = 0;
  truncations = 0;
  /** Bytes that were seen and could not be read, and files gone before they were read to their end. */
  bytesLost = 0;
  filesLost = 0;

  constructor(options: { positions: HeldPositions }) {
    this.#positions = options.positions;
  }

  /** `paths`: all that match. */
  expect(paths: readonly string[]): void {
    this.vacant = new Map(
      paths.filter((path) => !this.byPath.has(path)).map((path) => [path, this.vacant.get(path)]),
    );
  }

  isWatched(path: string): boolean {
    return this.byPath.has(path) || this.vacant.has(path);
  }

  /** The path leads to the file. */
  attach(file: TailedFile, path: string): void {
    this.departed.delete(file.key);
    this.unfollow(file);
    file.detachedAt = undefined;
    file.finishing = false;
    file.path = path;
    this.byKey.set(file.key, file);
    this.byPath.set(path, file);
    this.vacant.delete(path);
  }

  /** Tails the file although no path leads to it. */
  addDetached(file: TailedFile, now: number): void {
    file.detachedAt = now;
    this.byKey.set(file.key, file);
  }

  /** The file's path leads elsewhere. */
  vacate(file: TailedFile): void {
    this.byPath.delete(file.path);
    this.vacant.set(file.path, undefined);
    this.leaving.set(file.path, file);
  }

  /**
   * From now on nothing is stored until the pass is over: an agent that is killed in between must not know a file and not
   * know of what was rotated away from its path before. Safe twice.
   */
  beginPass(): void {
    this.#positions.hold();
  }

  /** Has the position of a file that is new here, or whose content is new, stored at the end of the pass. */
  hold(file: TailedFile): void {
    this.beginPass();
    this.#held.set(file.stream, file.home);
  }

  /** The paths under which those files were found, or from which they were rotated. */
  heldHomes(): Set<string> {
    return new Set(this.#held.values());
  }

  /** The pass is over: stores what it has found. */
  endPass(): void {
    for (const stream of this.#held.keys()) stream.note();
    this.#held.clear();
    this.#positions.release();
  }

  /** The content is in no file any more, but still to be known: it may come back compressed. */
  outlive({ content, stream }: { readonly content: Content; readonly stream: FileStream }): void {
    stream.outlive();
    this.gone.push({ content, stream });
  }

  follow(file: TailedFile): void {
    file.followed = true;
    this.followed.add(file);
  }

  unfollow(file: TailedFile): void {
    file.followed = false;
    this.followed.delete(file);
  }

  /** The file is tailed no more. `exists`: it may come back before everything read from it is delivered. */
  remove(file: TailedFile, exists: boolean): void {
    this.byKey.delete(file.key);
    this.unfollow(file);
    for (const [path, leaving] of this.leaving) {
      if (leaving === file) this.leaving.delete(path);
    }
    for (const [key, departed] of this.departed) {
      if (departed.stream.committed >= departed.position) this.departed.delete(key);
    }
    if (exists && file.stream.committed < file.position) this.departed.set(file.key, file);
  }
}
