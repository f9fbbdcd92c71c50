import { readdir, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Logger } from '../../component/logger.ts';
import { compress, TEMPORARY } from './compress.ts';
import type { FileConfig } from './index.ts';
import type { OutputFile } from './output-file.ts';

/**
 * Sets full files aside as `x.log.2026-11-22T18-05-11.000Z`, compresses them in the background and deletes the oldest.
 * Never overwrites a file, and never fails a write for want of tidiness: what went wrong is logged and tried again
 * when the path is next opened or rotated.
 */

/** What follows the path of a file set aside: its time, a number where several share it, and whether it is compressed. */
const SUFFIX = /^\.(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z)(?:-(\d+))?(\.gz)?$/;

interface Aside {
  readonly path: string;
  readonly stamp: string;
  readonly number: number;
  readonly compressed: boolean;
}

export class Rotation {
  readonly #config: FileConfig['rotate'];
  readonly #log: Logger;
  readonly #abort = new AbortController();
  /** Background work, one piece after the other. */
  #work: Promise<void> = Promise.resolve();
  #rotated = 0;
  #compressed = 0;

  constructor(config: FileConfig['rotate'], log: Logger) {
    this.#config = config;
    this.#log = log;
  }

  get rotated(): number {
    return this.#rotated;
  }

  get compressed(): number {
    return this.#compressed;
  }

  /** Whether the file must be set aside before `incoming` more bytes at `epochMs`. An empty file never must. */
  isDue(file: OutputFile, incoming: number, epochMs: number): boolean {
    const { max_bytes: maxBytes, interval } = this.#config;
    if (file.size === 0) return false;
    if (file.size + incoming > maxBytes) return true;
    return interval !== undefined && Math.floor(epochMs / interval) !== Math.floor(file.writtenAt / interval);
  }

  /** Gives the closed file its new name. Rejects with system errors. */
  async setAside(path: string, epochMs: number): Promise<void> {
    const newest = listAside(path, await readdir(dirname(path))).at(-1);
    let stamp = new Date(epochMs).toISOString().replaceAll(':', '-');
    let number = 0;
    // The name must be the youngest also within a millisecond and after the clock was set back.
    if (newest !== undefined && newest.stamp >= stamp) {
      stamp = newest.stamp;
      number = newest.number + 1;
    }
    await rename(path, `${path}.${stamp}${number === 0 ? '' : `-${number}`}`);
    this.#rotated++;
    this.tidy(path);
  }

  /** Compresses and deletes, in the background, what was set aside for the path, also by an earlier run of the agent. */
  tidy(path: string): void {
    this.#work = this.#work.then(async () => {
      if (this.#abort.signal.aborted) return;
      try {
        await this.#tidy(path);
      } catch (error) {
        if (!this.#abort.signal.aborted) {
          this.#log.warn(
            { path, error: (error as Error).message },
            'cannot tidy up rotated files, will try again',
          );
        }
      }
    });
  }

  /** Resolves when the background work asked for so far is done. */
  settled(): Promise<void> {
    return this.#work;
  }

  /** Stops the background work; a later run takes it up again. */
  abort(): void {
    this.#abort.abort();
  }

  async #tidy(path: string): Promise<void> {
    const names = await readdir(dirname(path));
    const aside = listAside(path, names);
    // Several names may stand for the same data when a crash came between compressing and deleting.
    const ages = [...new Set(aside.map(ageKey))];
    const expired = new Set(ages.slice(0, -this.#config.keep));
    for (const each of aside) {
      const key = ageKey(each);
      const doubled = !each.compressed && aside.some((other) => other.compressed && ageKey(other) === key);
      if (expired.has(key) || doubled) {
        await unlink(each.path);
      } else if (this.#config.gzip && !each.compressed) {
        await compress(each.path, this.#abort.signal);
        this.#compressed++;
      }
    }
    for (const name of names) {
      const complete = name.endsWith(TEMPORARY) && parseAside(path, name.slice(0, -TEMPORARY.length));
      // Those of files still there were overwritten and renamed above.
      if (complete) await unlink(join(dirname(path), name)).catch(() => {});
    }
  }
}

/** Those of the names in the path's folder that were set aside from it, oldest first. */
function listAside(path: string, names: readonly string[]): Aside[] {
  return names.flatMap((name) => parseAside(path, name) ?? []).toSorted(byAge);
}

function parseAside(path: string, name: string): Aside | undefined {
  const base = basename(path);
  const match = name.startsWith(base) ? SUFFIX.exec(name.slice(base.length)) : null;
  if (match === null) return undefined;
  return {
    path: join(dirname(path), name),
    stamp: match[1]!,
    number: Number(match[2] ?? 0),
    compressed: match[3] !== undefined,
  };
}

function ageKey({ stamp, number }: Aside): string {
  return `${stamp}-${number}`;
}

/** Oldest first. */
function byAge(a: Aside, b: Aside): number {
  return a.stamp === b.stamp ? a.number - b.number : a.stamp < b.stamp ? -1 : 1;
}
