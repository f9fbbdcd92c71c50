/**
 * Finds the paths that match a source's patterns. A folder is listed again only when it has changed, so that looking
 * every second costs one stat(2) a folder. Follows symbolic links to files, and to folders but for those below `**`,
 * which need not end. Never opens files. Called by the file source.
 */
import type { Stats } from 'node:fs';
import { realpath } from 'node:fs/promises';
import type { Clock } from '../../component/clock.ts';
import type { Attributes } from './attributes.ts';
import type { Complaints } from './complaints.ts';
import { type FolderEntry, listFolder } from './folder.ts';
import { ANY_FOLDERS, parseGlob, type Step } from './glob.ts';
import { nameFromBytes, systemPath } from './names.ts';

/**
 * A folder changed within this many milliseconds before it was listed is listed again: the clocks of some file
 * systems tick only every second or two, so a later change may leave the same time behind.
 */
const UNSETTLED_MS = 2000;

interface Folder {
  /** Attributes read before the listing; undefined: there was no such folder. */
  readonly stats: Stats | undefined;
  readonly settled: boolean;
  readonly entries: readonly FolderEntry[];
}

export class Discovery {
  readonly #patterns: readonly (readonly Step[])[];
  readonly #excludes: (path: string) => boolean;
  readonly #attributes: Pick<Attributes, 'at'>;
  readonly #complaints: Complaints;
  readonly #clock: Clock;
  #folders = new Map<string, Folder>();
  #before: ReadonlyMap<string, Folder> = new Map();
  #walked = false;

  /** @throws SyntaxError when a pattern is malformed. */
  constructor(options: {
    include: readonly string[];
    excludes: (path: string) => boolean;
    attributes: Pick<Attributes, 'at'>;
    complaints: Complaints;
    clock: Clock;
  }) {
    this.#patterns = options.include
      .flatMap(parseGlob)
      .map((steps) => (steps.at(-1) === ANY_FOLDERS ? [...steps, /^.*$/su] : steps));
    this.#excludes = options.excludes;
    this.#attributes = options.attributes;
    this.#complaints = options.complaints;
    this.#clock = options.clock;
  }

  /**
   * Matching paths, sorted; undefined when they are those of the last call. A path that a pattern names without
   * wildcard in its last name is among them even when nothing is there.
   */
  async scan(): Promise<string[] | undefined> {
    this.#before = this.#folders;
    if (this.#walked && !(await this.#changed())) return undefined;
    this.#walked = true;
    this.#folders = new Map();
    const walk = new Walk(this.#excludes, (path) => this.#list(path, this.#before));
    for (const steps of this.#patterns) await walk.start(steps);
    return [...walk.found].sort();
  }

  /**
   * When the folder's entries had changed last, as of the scan before the last one, in milliseconds since 1970 by the
   * clock of its file system; undefined when it was not listed then.
   */
  changedAt(folder: string): number | undefined {
    return this.#before.get(folder === '' ? '/' : folder)?.stats?.mtimeMs;
  }

  async #changed(): Promise<boolean> {
    for (const [path, { stats, settled }] of this.#folders) {
      if (!settled) return true;
      const now = await this.#look(path, stats?.dev);
      if (!same(stats, now)) return true;
    }
    return false;
  }

  async #list(path: string, before: ReadonlyMap<string, Folder>): Promise<readonly FolderEntry[]> {
    const seen = this.#folders.get(path);
    if (seen !== undefined) return seen.entries;
    const old = before.get(path);
    const stats = await this.#look(path, old?.stats?.dev);
    let folder = old;
    if (old === undefined || !old.settled || !same(old.stats, stats)) {
      // The change time, unlike that of modification, also tells when permissions were given.
      const age = this.#clock.toEpoch(this.#clock.now()) - (stats?.ctimeMs ?? 0);
      const entries = stats?.isDirectory() ? await this.#read(path) : [];
      folder = { stats, settled: entries !== undefined && age > UNSETTLED_MS, entries: entries ?? [] };
    }
    this.#folders.set(path, folder!);
    return folder!.entries;
  }

  async #look(path: string, dev?: number): Promise<Stats | undefined> {
    try {
      return await this.#attributes.at(path, dev);
    } catch (error) {
      this.#complaints.report(path, 'look at the folder', error);
      return undefined;
    }
  }

  /** Undefined when the folder could not be read for a reason that may pass without a change of the folder. */
  async #read(path: string): Promise<FolderEntry[] | undefined> {
    try {
      const entries = await listFolder(path);
      this.#complaints.settle(path);
      return entries;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
      this.#complaints.report(path, 'list the folder', error);
      return code === 'EACCES' ? [] : undefined;
    }
  }
}

/** One pass over the folders that patterns lead to. */
class Walk {
  readonly found = new Set<string>();
  readonly #excludes: (path: string) => boolean;
  readonly #list: (path: string) => Promise<readonly FolderEntry[]>;
  /** Real paths of folders that wildcards led to, each behind the number of steps that were left there. */
  #entered = new Set<string>();

  constructor(excludes: (path: string) => boolean, list: (path: string) => Promise<readonly FolderEntry[]>) {
    this.#excludes = excludes;
    this.#list = list;
  }

  /** Follows a pattern from the root. */
  async start(steps: readonly Step[]): Promise<void> {
    this.#entered = new Set();
    await this.#follow('', steps);
  }

  /** `folder`: an absolute path, that of the root being the empty text. */
  async #follow(folder: string, steps: readonly Step[]): Promise<void> {
    const [step, ...rest] = steps;
    if (step === undefined) return;
    if (typeof step === 'string') {
      const path = `${folder}/${step}`;
      if (this.#excludes(path)) return;
      if (rest.length === 0) this.found.add(path);
      else await this.#follow(path, rest);
      return;
    }
    if (step === ANY_FOLDERS) await this.#follow(folder, rest);
    const entries = await this.#list(folder === '' ? '/' : folder);
    if (step !== ANY_FOLDERS && rest.length === 0) this.#take(folder, step, entries);
    else await this.#enter(folder, step, rest, entries);
  }

  /** The last name of a pattern. */
  #take(folder: string, step: RegExp, entries: readonly FolderEntry[]): void {
    for (const { name, kind } of entries) {
      if (kind === 'folder' || kind === 'other' || !step.test(name)) continue;
      const path = `${folder}/${name}`;
      if (!this.#excludes(path)) this.found.add(path);
    }
  }

  async #enter(
    folder: string,
    step: RegExp | typeof ANY_FOLDERS,
    rest: readonly Step[],
    entries: readonly FolderEntry[],
  ): Promise<void> {
    const steps: readonly Step[] = step === ANY_FOLDERS ? [ANY_FOLDERS, ...rest] : rest;
    const wanted = entries
      .filter(({ name }) => step === ANY_FOLDERS || step.test(name))
      .map(({ name, kind }) => ({ name, kind, path: `${folder}/${name}` }))
      .filter(({ path }) => !this.#excludes(path));
    const links = step === ANY_FOLDERS ? [] : wanted.filter(({ kind }) => kind === 'link');
    const real = links.length === 0 ? undefined : await realPath(folder === '' ? '/' : folder);
    for (const { name, kind, path } of wanted) {
      if (kind !== 'folder') continue;
      if (real !== undefined) this.#entered.add(`${rest.length}:${real === '/' ? '' : real}/${name}`);
      await this.#follow(path, steps);
    }
    // Behind the folders, so that a file is known by its own path rather than by that of a link to its folder.
    for (const { path } of links) {
      const target = await realPath(path);
      const key = `${rest.length}:${target}`;
      if (target === undefined || this.#entered.has(key)) continue;
      this.#entered.add(key);
      await this.#follow(path, steps);
    }
  }
}

/** Undefined when the path leads nowhere. */
async function realPath(path: string): Promise<string | undefined> {
  return realpath(systemPath(path), { encoding: 'buffer' }).then(nameFromBytes, () => undefined);
}

function same(a: Stats | undefined, b: Stats | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.ctimeMs === b.ctimeMs && a.ino === b.ino && a.dev === b.dev;
}
