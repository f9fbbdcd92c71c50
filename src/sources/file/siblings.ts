/**
 * Looks for files beside the path they were known by, where log rotation leaves them. A folder is listed at most once
 * until `forget` is called. Never opens files. Called by those who keep track of the tailed files.
 */
import type { BigIntStats } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Complaints } from './complaints.ts';
import { listFolder } from './folder.ts';
import { nameFromBytes, systemPath } from './names.ts';

export interface Sibling {
  readonly path: string;
  readonly key: string;
  readonly stats: BigIntStats;
}

/** Most files looked at whose names do not begin like that of the file searched for. */
const MAX_STRANGERS = 10_000;

/**
 * What rotation appends to a name: a number or date (logrotate, newsyslog, log4j, Docker, Kubernetes), or a word for
 * the file before. Files that programs keep beside a log for other purposes have other endings.
 */
const ROTATED = /^[-._@](?:.*\d.*|old|prev|previous|last|bak|backup|orig|save)$/iu;
const NO_TEXT = /\.(?:gz|bz2|xz|zst|lz4|zip|tmp|lock|pid|pos|offset|swp)$/iu;
const GZIP = '.gz';
const NUMBER = /^[-._@]\d{1,4}$/u;

/** Times of file systems are nanoseconds; as milliseconds in doubles they are off by less than this. */
const ROUNDING_MS = 0.001;

/** Key of a file by which positions are stored: its device and inode. */
export function keyOf(stats: { readonly dev: bigint; readonly ino: bigint }): string {
  return `${stats.dev}:${stats.ino}`;
}

/** Whether it is such a key; archives and files that are gone are stored under others. */
export function isFileKey(key: string): boolean {
  return /^\d+:\d+$/.test(key);
}

/**
 * When the file came into being, in milliseconds since 1970 by the clock of the file system; on one that does not
 * know, when it was written to last.
 */
export function startOf(stats: BigIntStats): number {
  return Number(stats.birthtimeNs === 0n ? stats.mtimeNs : stats.birthtimeNs) / 1e6;
}

/** The paths that by its name the file may have been rotated from, the longest first. */
export function* originsOf(path: string): Iterable<string> {
  const slash = path.lastIndexOf('/');
  for (let end = path.length - 1; end > slash + 1; end--) {
    const suffix = path.slice(end);
    if (ROTATED.test(suffix) && !NO_TEXT.test(suffix)) yield path.slice(0, end);
  }
}

/** Whether a file came into being then; true when that is not known. */
export function isOfAge(
  { birthtimeNs }: Pick<BigIntStats, 'birthtimeNs'>,
  born: number | undefined,
): boolean {
  return born === undefined || birthtimeNs === 0n || Number(birthtimeNs) / 1e6 === born;
}

export class Siblings {
  readonly #excludes: (path: string) => boolean;
  readonly #complaints: Complaints;
  readonly #names = new Map<string, readonly string[]>();
  readonly #files = new Map<string, Sibling | undefined>();

  constructor(options: { excludes: (path: string) => boolean; complaints: Complaints }) {
    this.#excludes = options.excludes;
    this.#complaints = options.complaints;
  }

  /** What was looked at is looked at anew. */
  forget(): void {
    if (this.#names.size === 0) return;
    this.#names.clear();
    this.#files.clear();
  }

  /**
   * The file with this key in the folder of the path or of what the path leads to, whatever its name. `born`: when it
   * came into being, so that no later file is taken for it that has got its inode.
   */
  async withKey(path: string, key: string, born: number | undefined): Promise<Sibling | undefined> {
    for (const place of await places(path)) {
      const names = (await this.#list(place.folder)).filter((name) => !NO_TEXT.test(name));
      const relatives = names.filter((name) => name.startsWith(place.name));
      const strangers = names.filter((name) => !name.startsWith(place.name)).slice(0, MAX_STRANGERS);
      for (const name of [...relatives, ...strangers]) {
        const file = await this.#look(`${place.folder}/${name}`);
        if (file?.key === key && isOfAge(file.stats, born)) return file;
      }
    }
    return undefined;
  }

  /** Files that by their names were rotated from the path and that came into being at `since` or later, oldest first. */
  async rotatedFrom(path: string, since: number): Promise<Sibling[]> {
    const found: { file: Sibling; suffix: string }[] = [];
    for (const { folder, name } of await places(path)) {
      for (const other of await this.#list(folder)) {
        const suffix = other.slice(name.length);
        if (!other.startsWith(name) || !ROTATED.test(suffix) || NO_TEXT.test(suffix)) continue;
        if (this.#excludes(`${folder}/${other}`)) continue;
        const file = await this.#look(`${folder}/${other}`);
        if (file !== undefined && startOf(file.stats) >= since - ROUNDING_MS) found.push({ file, suffix });
      }
    }
    return found.sort(byAge).map(({ file }) => file);
  }

  /** Files that by their names were rotated from the path and then compressed with gzip, that written to last at the end. */
  async archivesOf(path: string): Promise<Sibling[]> {
    const found: { file: Sibling; suffix: string }[] = [];
    for (const { folder, name } of await places(path)) {
      for (const other of await this.#list(folder)) {
        if (!other.startsWith(name) || !other.endsWith(GZIP)) continue;
        const suffix = other.slice(name.length, -GZIP.length);
        if ((suffix !== '' && !ROTATED.test(suffix)) || NO_TEXT.test(suffix)) continue;
        const file = await this.#look(`${folder}/${other}`);
        if (file !== undefined) found.push({ file, suffix });
      }
    }
    // gzip gives an archive the time of the file it was made from.
    return found
      .sort((a, b) => modifiedAt(a.file) - modifiedAt(b.file) || bySuffix(a, b))
      .map(({ file }) => file);
  }

  async #list(folder: string): Promise<readonly string[]> {
    let names = this.#names.get(folder);
    if (names === undefined) {
      const entries = await listFolder(folder === '' ? '/' : folder).catch((error) => {
        if (!isAbsence(error)) this.#complaints.report(folder, 'list the folder', error);
        return [];
      });
      names = entries.filter(({ kind }) => kind === 'file').map(({ name }) => name);
      this.#names.set(folder, names);
    }
    return names;
  }

  async #look(path: string): Promise<Sibling | undefined> {
    if (this.#files.has(path)) return this.#files.get(path);
    const stats = await stat(systemPath(path), { bigint: true }).catch(() => undefined);
    const file = stats?.isFile() ? { path, key: keyOf(stats), stats } : undefined;
    this.#files.set(path, file);
    return file;
  }
}

/** Whether the device a key names is still mounted where the path leads. */
export async function isMounted(path: string, key: string): Promise<boolean> {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const stats = await stat(systemPath(folder), { bigint: true }).catch(() => undefined);
    if (stats !== undefined) return key.startsWith(`${stats.dev}:`);
    if (folder === dirname(folder)) return false;
  }
}

/** Folder and name of the path, and those of what it leads to where they differ. */
async function places(path: string): Promise<{ folder: string; name: string }[]> {
  const target = await realpath(systemPath(path), { encoding: 'buffer' }).then(nameFromBytes, () => path);
  return [...new Set([path, target])].map((file) => {
    const slash = file.lastIndexOf('/');
    return { folder: file.slice(0, slash), name: file.slice(slash + 1) };
  });
}

function modifiedAt({ stats }: Sibling): number {
  return Number(stats.mtimeNs) / 1e6;
}

function byAge(a: { file: Sibling; suffix: string }, b: { file: Sibling; suffix: string }): number {
  return startOf(a.file.stats) - startOf(b.file.stats) || bySuffix(a, b);
}

/** Clocks of file systems tick every few milliseconds only: within a tick the higher number or the earlier date is older. */
function bySuffix(a: { suffix: string }, b: { suffix: string }): number {
  if (NUMBER.test(a.suffix) && NUMBER.test(b.suffix)) {
    return Number(b.suffix.slice(1)) - Number(a.suffix.slice(1));
  }
  return a.suffix < b.suffix ? -1 : 1;
}

function isAbsence(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
