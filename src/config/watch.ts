/**
 * Notices that a configuration file, or a file it names, holds something else: by what the system says about their
 * folders, and by a look at them every few seconds, for the system does not tell of everything (network file systems, a
 * folder that is replaced). Editors that write a new file and rename it, and symbolic links that are turned elsewhere (as
 * Kubernetes does with ConfigMaps), are changes like others. It reads no configuration. Used by the agent.
 */
import { watch } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '../component/clock.ts';
import { digestFiles } from './files.ts';

/** How long a change must stand before it counts, in milliseconds: writers need more than one write. */
const SETTLE_MS = 150;

/** What is asked of the system; tests stand in for it. */
export interface WatchedSystem {
  /**
   * Calls back at every change of an entry of the folder.
   * @returns a function that ends it; undefined when it cannot be done.
   */
  watchFolder(folder: string, onChange: () => void): (() => void) | undefined;
  /** The path without symbolic links; as given when that is not known. */
  resolve(file: string): Promise<string>;
  /** Something that differs when the file may hold something else; the same while it cannot. */
  signature(file: string): Promise<string>;
  /** For each file something that differs when it holds something else. */
  digest(files: readonly string[]): Promise<ReadonlyMap<string, string>>;
}

export interface WatchOptions {
  /** Files to watch now. */
  readonly files: () => readonly string[];
  readonly onChange: () => void;
  readonly clock: Pick<Clock, 'after'>;
  /** How often to look at the files, in milliseconds. */
  readonly intervalMs: number;
  readonly system?: WatchedSystem;
}

export class FileWatch {
  readonly #options: WatchOptions;
  readonly #system: WatchedSystem;
  readonly #folders = new Map<string, () => void>();
  /** Of the contents that are known to the one who is told of changes, by file. */
  #known: ReadonlyMap<string, string> = new Map();
  /** Of a change that must stand for a while. */
  #candidate: string | undefined;
  #signature = '';
  #cancelCheck: (() => void) | null = null;
  #cancelLook: () => void = () => {};
  #checking: Promise<void> = Promise.resolve();
  #ended = false;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#system = options.system ?? realSystem;
  }

  /** Takes what the files hold now for known. */
  async start(): Promise<void> {
    await this.#watchFolders(this.#options.files());
    await this.acknowledge();
    this.#lookLater();
  }

  /** Takes what the files hold now for known; for whoever is about to read them anyway. */
  async acknowledge(): Promise<void> {
    const files = this.#options.files();
    this.#signature = await this.#sign(files);
    this.#known = await this.#system.digest(files);
    this.#candidate = undefined;
  }

  /** Safe twice, and before `start` has resolved. */
  end(): void {
    this.#ended = true;
    this.#cancelLook();
    this.#cancelCheck?.();
    for (const close of this.#folders.values()) close();
    this.#folders.clear();
  }

  #lookLater(): void {
    if (this.#ended) return;
    this.#cancelLook = this.#options.clock.after(this.#options.intervalMs, () => {
      this.#check();
      this.#lookLater();
    });
  }

  /** In a busy folder others change all the time: however many changes are told, there is one check a while. */
  #checkSoon(): void {
    if (this.#ended) return;
    this.#cancelCheck ??= this.#options.clock.after(SETTLE_MS, () => {
      this.#cancelCheck = null;
      this.#check();
    });
  }

  #check(): void {
    this.#checking = this.#checking.then(() => this.#compare());
  }

  async #compare(): Promise<void> {
    const files = this.#options.files();
    const signature = await this.#sign(files);
    if (signature === this.#signature && this.#candidate === undefined) return;
    this.#signature = signature;
    await this.#watchFolders(files);
    const digests = await this.#system.digest(files);
    if (this.#ended) return;
    const candidate = [...digests].join('\n');
    // A file that is named only now has just been read.
    if (files.every((file) => !this.#known.has(file) || this.#known.get(file) === digests.get(file))) {
      this.#candidate = undefined;
      this.#known = digests;
    } else if (candidate === this.#candidate) {
      this.#candidate = undefined;
      this.#known = digests;
      this.#options.onChange();
    } else {
      this.#candidate = candidate;
      this.#checkSoon();
    }
  }

  async #sign(files: readonly string[]): Promise<string> {
    const signatures = await Promise.all(files.map((file) => this.#system.signature(file)));
    return signatures.join('\n');
  }

  /** Watches the folders that the files are in, and those that symbolic links lead to. */
  async #watchFolders(files: readonly string[]): Promise<void> {
    const folders = new Set<string>();
    for (const file of files) {
      folders.add(dirname(file));
      folders.add(dirname(await this.#system.resolve(file)));
    }
    for (const [folder, close] of this.#folders) {
      if (folders.has(folder)) continue;
      close();
      this.#folders.delete(folder);
    }
    if (this.#ended) return;
    for (const folder of folders) {
      if (this.#folders.has(folder)) continue;
      const close = this.#system.watchFolder(folder, () => this.#checkSoon());
      if (close !== undefined) this.#folders.set(folder, close);
    }
  }
}

const realSystem: WatchedSystem = {
  watchFolder(folder, onChange) {
    try {
      const watcher = watch(folder, { persistent: false }, onChange);
      // The folder is gone, or the system gives no more: looking now and then must do.
      watcher.on('error', () => watcher.close());
      return () => watcher.close();
    } catch {
      return undefined;
    }
  },
  resolve: (file) => realpath(file).catch(() => file),
  async signature(file) {
    try {
      const { dev, ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
      return `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? '';
    }
  },
  digest: digestFiles,
};
