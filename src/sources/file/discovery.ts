/**
 * Finds the paths that match a source's patterns. A folder is listed again only when it has changed, so that looking
 * every second costs one stat(2) a folder. Follows symbolic links to files, and to folders only where a pattern names
 * them without wildcard. Never opens files. Called by the file source.
 */
import type { Dirent, Stats } from 'node:fs';
import { readdir } from 'node:fs/promises';
import type { Clock } from '../../component/clock.ts';
import type { Attributes } from './attributes.ts';
import type { Complaints } from './complaints.ts';
import { ANY_FOLDERS, parseGlob, type Step } from './glob.ts';

/**
 * A folder changed within this many milliseconds before it was listed is listed again: the clocks of some file
 * systems tick only every second or two, so a later change may leave the same time behind.
 */
const UNSETTLED_MS = 2000;

interface Folder {
  /** Attributes read before the listing; undefined: there was no such folder. */
  readonly stats: Stats | undefined;
  readonly settled: boolean;
  readonly entries: readonly Dirent[];
}

export class Discovery {
  readonly #patterns: readonly (readonly Step[])[];
  readonly #excludes: (path: string) => boolean;
  readonly #attributes: Pick<Attributes, 'at'>;
  readonly #complaints: Complaints;
  readonly #clock: Clock;
  #folders = new Map<string, Folder>();
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
    if (this.#walked && !(await this.#changed())) return undefined;
    this.#walked = true;
    const before = this.#folders;
    this.#folders = new Map();
    const walk = new Walk(this.#excludes, (path) => this.#list(path, before));
    for (const steps of this.#patterns) await walk.follow('', steps);
    return [...walk.found].sort();
  }

  async #changed(): Promise<boolean> {
    for (const [path, { stats, settled }] of this.#folders) {
      if (!settled) return true;
      const now = await this.#look(path, stats?.dev);
      if (!same(stats, now)) return true;
    }
    return false;
  }

  async #list(path: string, before: ReadonlyMap<string, Folder>): Promise<readonly Dirent[]> {
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
  async #read(path: string): Promise<Dirent[] | undefined> {
    try {
      const entries = await readdir(path, { withFileTypes: true });
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
  readonly #list: (path: string) => Promise<readonly Dirent[]>;

  constructor(excludes: (path: string) => boolean, list: (path: string) => Promise<readonly Dirent[]>) {
    this.#excludes = excludes;
    this.#list = list;
  }

  /** `folder`: an absolute path, that of the root being the empty text. */
  async follow(folder: string, steps: readonly Step[]): Promise<void> {
    const [step, ...rest] = steps;
    if (step === undefined) return;
    if (typeof step === 'string') {
      const path = `${folder}/${step}`;
      if (this.#excludes(path)) return;
      if (rest.length === 0) this.found.add(path);
      else await this.follow(path, rest);
      return;
    }
    if (step === ANY_FOLDERS) await this.follow(folder, rest);
    for (const entry of await this.#list(folder === '' ? '/' : folder)) {
      if (step !== ANY_FOLDERS && !step.test(entry.name)) continue;
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        if (step !== ANY_FOLDERS && rest.length === 0) continue;
        if (!this.#excludes(path)) await this.follow(path, step === ANY_FOLDERS ? steps : rest);
      } else if (step !== ANY_FOLDERS && rest.length === 0 && (entry.isFile() || entry.isSymbolicLink())) {
        if (!this.#excludes(path)) this.found.add(path);
      }
    }
  }
}

function same(a: Stats | undefined, b: Stats | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.ctimeMs === b.ctimeMs && a.ino === b.ino && a.dev === b.dev;
}
