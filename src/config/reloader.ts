/**
 * Reads the configuration anew when told to and has it applied: one reload after the other, and of those that come while
 * one waits for its turn one is enough. Remembers how they went and says so in the log. It knows nothing of what a
 * configuration means: that is the agent's.
 */
import type { Clock } from '../component/clock.ts';
import type { Logger } from '../component/logger.ts';
import type { ConfigChange, ConfigStatus, ReloadResult } from '../component/status.ts';
import { ConfigError, type Problem } from './problem.ts';
import type { Config } from './schema.ts';

export type ReloadTrigger = ReloadResult['trigger'];

export interface ReloaderOptions {
  /** As it is shown. */
  readonly file: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Reads and checks the file. Rejects with a `ConfigError`. */
  readonly load: () => Promise<Config>;
  /**
   * Puts another configuration in force, but for what needs a restart. Rejects when it is refused; everything is as it
   * was then.
   */
  readonly apply: (config: Config) => Promise<readonly ConfigChange[]>;
}

export interface Reload {
  readonly result: ReloadResult;
  /** What is wrong with the file, where that is known to the line. */
  readonly problems: readonly Problem[];
}

export class Reloader {
  readonly #options: ReloaderOptions;
  readonly #counts = { applied: 0, unchanged: 0, refused: 0 };
  #loadedAt: string;
  #last: ReloadResult | undefined;
  #running: Promise<Reload> | null = null;
  #waiting: Promise<Reload> | null = null;

  /** Made when the first configuration has been read. */
  constructor(options: ReloaderOptions) {
    this.#options = options;
    this.#loadedAt = this.#now();
  }

  /** Reads the file and applies what changed in it. Never rejects. */
  reload(trigger: ReloadTrigger): Promise<Reload> {
    if (this.#running === null) return this.#start(trigger);
    this.#waiting ??= this.#running.then(() => {
      this.#waiting = null;
      return this.#start(trigger);
    });
    return this.#waiting;
  }

  status(): ConfigStatus {
    return {
      file: this.#options.file,
      loaded_at: this.#loadedAt,
      ...(this.#last && { last_reload: this.#last }),
      reloads: { ...this.#counts },
    };
  }

  #start(trigger: ReloadTrigger): Promise<Reload> {
    this.#running = this.#reload(trigger).finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #reload(trigger: ReloadTrigger): Promise<Reload> {
    const { clock, load, apply } = this.#options;
    const startedAt = clock.now();
    const end = () => ({ trigger, at: this.#now(), took_ms: Math.round(clock.now() - startedAt) });
    let reload: Reload;
    try {
      const changes = await apply(await load());
      const applied = changes.some(({ action }) => action !== 'restart_required');
      reload = { result: { result: applied ? 'applied' : 'unchanged', changes, ...end() }, problems: [] };
      this.#loadedAt = reload.result.at;
    } catch (error) {
      const problems = error instanceof ConfigError ? error.problems : [];
      const lines = (error instanceof Error ? error.message : String(error)).split('\n');
      reload = { result: { result: 'refused', changes: [], problems: lines, ...end() }, problems };
    }
    this.#last = reload.result;
    this.#counts[reload.result.result]++;
    this.#say(reload.result);
    return reload;
  }

  #say({ result, trigger, changes, problems, took_ms }: ReloadResult): void {
    const { file, log } = this.#options;
    if (result === 'refused') {
      log.error({ config_file: file, trigger, problems }, 'the configuration is refused, going on as before');
      return;
    }
    const needRestart = changes.filter(({ action }) => action === 'restart_required').map(({ path }) => path);
    const applied = changes
      .filter(({ action }) => action !== 'restart_required')
      .map(({ path, action }) => `${path} ${action}`);
    log.info(
      { config_file: file, trigger, ...(result === 'applied' && { changes: applied }), took_ms },
      result === 'applied' ? 'configuration reloaded' : 'configuration read again: nothing to apply',
    );
    if (needRestart.length > 0) {
      log.warn(
        { config_file: file, keys: needRestart },
        'changes that take effect only when the agent is started anew',
      );
    }
  }

  #now(): string {
    const { clock } = this.#options;
    return new Date(clock.toEpoch(clock.now())).toISOString();
  }
}
