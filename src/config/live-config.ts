/**
 * The configuration that runs, and how it is exchanged for what the file says now: told to, or because the file, or a
 * file that it names, was changed. Finds out what is different and has the agent apply it; knows nothing of how.
 * Built by the agent.
 */
import { stat } from 'node:fs/promises';
import type { Clock } from '../component/clock.ts';
import type { Logger } from '../component/logger.ts';
import type { ConfigChange, ConfigStatus } from '../component/status.ts';
import { type ConfigDiff, diffConfig } from './diff.ts';
import type { Environment } from './env.ts';
import { digestFiles, filesNamedIn } from './files.ts';
import { loadConfig } from './load.ts';
import { type Reload, Reloader, type ReloadTrigger } from './reloader.ts';
import type { Config, Registry } from './schema.ts';
import { FileWatch } from './watch.ts';

export interface LiveConfigOptions {
  readonly file: string;
  readonly registry: Registry;
  readonly environment: Environment;
  readonly clock: Clock;
  readonly log: Logger;
  /**
   * Puts what changed in force, all or nothing. Called also when nothing changed.
   * @returns what was changed besides, such as what had been overridden at run time.
   */
  readonly apply: (config: Config, diff: ConfigDiff) => Promise<readonly ConfigChange[]>;
}

export class LiveConfig {
  readonly #options: LiveConfigOptions;
  readonly #reloader: Reloader;
  #current: Config;
  /** Digests of the files that the configuration names, as of when it was applied. */
  #files: ReadonlyMap<string, string> = new Map();
  #watch: FileWatch | null = null;
  #state: 'starting' | 'running' | 'stopping' = 'starting';

  /** `config`: what was read from the file. */
  constructor(config: Config, options: LiveConfigOptions) {
    this.#options = options;
    this.#current = config;
    this.#reloader = new Reloader({
      ...options,
      load: () => this.#load(),
      apply: (changed) => this.#apply(changed),
    });
  }

  /** What runs: keys that need a restart have the values that the agent was started with. */
  get current(): Config {
    return this.#current;
  }

  status(): ConfigStatus {
    return this.#reloader.status();
  }

  /** Call before anything reads the files that the configuration names. */
  async open(): Promise<void> {
    this.#files = await digestFiles(namedFiles(this.#current));
  }

  /** From now on it can be reloaded, and is when the file changes. Call when everything runs. */
  start(): void {
    this.#state = 'running';
    void this.#watchFiles();
  }

  /** Refuses further reloads. Safe twice and before `start`. */
  stop(): void {
    this.#state = 'stopping';
    this.#watch?.end();
  }

  /** Reads the file anew and has applied what changed. Never rejects: how it went is in the result, the status and the log. */
  async reload(trigger: ReloadTrigger): Promise<Reload> {
    await this.#watch?.acknowledge();
    return this.#reloader.reload(trigger);
  }

  async #load(): Promise<Config> {
    const { file, registry, environment } = this.#options;
    if (this.#state !== 'running') throw new Error(`the agent is ${this.#state}`);
    if (await this.#isPiped()) throw new Error(`${file} is no regular file, so that it cannot be read again`);
    return loadConfig(file, { registry, environment });
  }

  async #apply(changed: Config): Promise<readonly ConfigChange[]> {
    const files = await digestFiles(namedFiles(changed));
    const isChanged = (file: string) => this.#files.has(file) && this.#files.get(file) !== files.get(file);
    const diff = diffConfig(this.#current, changed, isChanged);
    const besides = await this.#options.apply(diff.effective, diff);
    this.#current = diff.effective;
    this.#files = files;
    if (diff.changes.some(({ path }) => path.startsWith('reload.'))) void this.#watchFiles();
    const known = new Set(diff.changes.map(({ path }) => path));
    return [...diff.changes, ...besides.filter(({ path }) => !known.has(path))];
  }

  /** Begins, anew where it has begun, or ends to watch, as the configuration says. */
  async #watchFiles(): Promise<void> {
    const { watch, interval } = this.#current.reload;
    this.#watch?.end();
    this.#watch = null;
    if (!watch || (await this.#isPiped())) return;
    this.#watch = new FileWatch({
      files: () => [this.#options.file, ...namedFiles(this.#current)],
      clock: this.#options.clock,
      intervalMs: interval,
      onChange: () => void this.#reloader.reload('watch'),
    });
    if (this.#state === 'stopping') return;
    await this.#watch.start();
    await this.#catchUp();
  }

  /** What changed between the reading of the file and the first look of the watch would go unnoticed. */
  async #catchUp(): Promise<void> {
    const isChanged = await this.#load().then(
      (config) => diffConfig(this.#current, config).applies,
      () => true,
    );
    if (isChanged && this.#state === 'running') await this.#reloader.reload('watch');
  }

  /** What was piped in is gone, and reading a pipe again might never end. */
  #isPiped(): Promise<boolean> {
    return stat(this.#options.file).then(
      (found) => !found.isFile(),
      () => false,
    );
  }
}

/** Files that a configuration names for reading, but for those of the server, which watches them itself. */
function namedFiles(config: Config): string[] {
  return filesNamedIn({ ...config, server: undefined }).map(({ file }) => file);
}
