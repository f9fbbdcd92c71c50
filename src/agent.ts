/**
 * The composition root: the only file that knows every part. It builds the pipeline and what surrounds it (state
 * directory, positions, tracing, metrics, HTTP) from a valid configuration, starts and stops them.
 */
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Clock, SystemClock } from './component/clock.ts';
import type { Logger } from './component/logger.ts';
import type { AgentStatus, ConfigChange } from './component/status.ts';
import { diffConfig } from './config/diff.ts';
import { digestFiles, filesNamedIn } from './config/files.ts';
import { loadConfig } from './config/load.ts';
import { type Reload, Reloader, type ReloadTrigger } from './config/reloader.ts';
import type { Config } from './config/schema.ts';
import { configViewer } from './config/shown.ts';
import { FileWatch } from './config/watch.ts';
import { PositionStore } from './dispatcher/position-store.ts';
import type { OpenApiDocument } from './http/openapi.ts';
import { RequestCounts } from './http/request-counts.ts';
import { HttpServer } from './http/server.ts';
import { Kernel } from './kernel/kernel.ts';
import { lineKnowledge } from './line-knowledge.ts';
import { configMetrics } from './metrics/config-metrics.ts';
import { Exposition } from './metrics/exposition.ts';
import { LagMetrics } from './metrics/lag-seconds.ts';
import { LedgerAlarm } from './metrics/ledger-alarm.ts';
import { PipelineMetrics } from './metrics/pipeline-metrics.ts';
import { ProcessMetrics } from './metrics/process-metrics.ts';
import { statusMetrics } from './metrics/status-metrics.ts';
import { tracingMetrics } from './metrics/tracing-metrics.ts';
import { Pipeline } from './pipeline/pipeline.ts';
import * as registry from './registry.ts';
import { claimStateDir } from './state-dir.ts';
import { resolveTracing } from './tracing/settings/settings.ts';
import { Tracing } from './tracing/tracing.ts';
import { VERSION } from './version.ts';
import { DeliveryJournal } from './where/journal.ts';
import { Where } from './where/where.ts';

export interface AgentOptions {
  readonly configFile: string;
  readonly log: Logger;
  /** Called when a reload changes `log.level`. */
  readonly setLogLevel?: (level: Config['log']['level']) => void;
}

export class Agent {
  readonly #options: AgentOptions;
  readonly #log: Logger;
  readonly #clock: Clock = new SystemClock();
  readonly #startedAt = this.#clock.now();
  readonly #stateDir: string;
  readonly #positions: PositionStore;
  readonly #pipeline: Pipeline;
  readonly #tracing: Tracing;
  readonly #where: Where;
  readonly #ledgerAlarm: LedgerAlarm;
  readonly #http: HttpServer;
  readonly #reloader: Reloader;
  /** What runs: keys that need a restart have the values that the agent was started with. */
  #config: Config;
  /** Digests of the files that the configuration names, as of when it was read. */
  #files: ReadonlyMap<string, string> = new Map();
  #watch: FileWatch | null = null;
  readonly #finished = Promise.withResolvers<void>();
  #stopping: Promise<void> | null = null;
  #releaseStateDir: () => Promise<void> = async () => {};
  #state: AgentStatus['state'] = 'starting';

  /** Builds everything; opens nothing. @throws when a component refuses its configuration. */
  constructor(config: Config, options: AgentOptions) {
    this.#config = config;
    this.#options = options;
    this.#log = options.log;
    this.#stateDir = resolve(config.state_dir);
    const { dispatcher } = config;
    const { settings, warnings } = resolveTracing(config.tracing, process.env, VERSION);
    for (const warning of warnings) this.#log.warn({}, warning);
    const kernel = Kernel.create({
      memoryBytes: dispatcher.memory,
      slotBytes: dispatcher.batch_bytes,
      slotRecords: dispatcher.batch_size,
      spanBytes: settings.store.memoryBytes,
    });
    const shared = { log: this.#log, clock: this.#clock, kernel, stateDir: this.#stateDir };

    this.#positions = new PositionStore(shared);
    const now = () => this.#clock.now();
    const pipelineMetrics = new PipelineMetrics({ now, tracedLogs: () => this.#tracing.tracedLogs() });
    const journal = new DeliveryJournal({ clock: this.#clock, memoryBytes: config.where.memory });
    this.#tracing = new Tracing({
      ...shared,
      settings,
      version: VERSION,
      sinksOf: (source) => this.#pipeline.sinksOf(source),
      isProcessed: (source) => this.#pipeline.isProcessed(source),
      carriesContexts: (source) => this.#pipeline.carriesContexts(source),
    });
    this.#pipeline = new Pipeline(config, {
      ...shared,
      positions: this.#positions,
      observers: [this.#tracing.observer, this.#tracing.rates, pipelineMetrics, journal],
    });
    this.#reloader = new Reloader({
      ...shared,
      file: options.configFile,
      load: () => this.#load(),
      apply: (changed) => this.#apply(changed),
    });
    const status = () => this.status();
    this.#where = new Where({
      journal,
      knowledge: lineKnowledge(this.#pipeline, this.#tracing.store),
      clock: this.#clock,
      startedAt: new Date(this.#clock.toEpoch(this.#startedAt)).toISOString(),
      deadLetters: join(this.#stateDir, 'dead-letters'),
    });
    this.#ledgerAlarm = new LedgerAlarm({ ...shared, status: () => this.#pipeline.status() });
    const viewConfig = configViewer(registry);
    const counts = new RequestCounts();
    const metrics = new Exposition({
      status,
      collectors: [
        pipelineMetrics,
        statusMetrics,
        configMetrics,
        new LagMetrics(now),
        tracingMetrics(() => this.#tracing.status()),
        counts,
        this.#ledgerAlarm,
        new ProcessMetrics(),
      ],
    });
    this.#http = new HttpServer({
      ...config.server,
      log: this.#log,
      status,
      metrics,
      reload: () => this.reload('api'),
      config: () => ({ ...this.#reloader.status(), config: viewConfig(this.#config) }),
      tracing: this.#tracing,
      where: this.#where,
      spans: this.#tracing,
      counts,
      clock: this.#clock,
    });
  }

  /** The configuration that runs, with all defaults and with secrets. */
  get config(): Config {
    return this.#config;
  }

  /** The HTTP API, described. */
  openApi(): Promise<OpenApiDocument> {
    return this.#http.openApi();
  }

  /** Resolves when the agent has stopped: told to, or because every source came to its end. */
  get finished(): Promise<void> {
    return this.#finished.promise;
  }

  /** @throws when the state directory, a sink or the HTTP port cannot be used; nothing is left running then. */
  async start(): Promise<void> {
    this.#releaseStateDir = await claimStateDir(this.#stateDir);
    try {
      this.#files = await digestFiles(namedFiles(this.#config));
      await this.#positions.load();
      await this.#tracing.start();
      await this.#pipeline.open();
      await this.#http.start();
    } catch (error) {
      await this.#close().catch(() => {});
      throw error;
    }
    this.#state = 'running';
    this.#pipeline.start();
    this.#ledgerAlarm.start();
    void this.#pipeline.finished.then(() => this.stop());
    void this.#watchConfig().then(() => this.#catchUp());
  }

  /**
   * Reads the configuration file anew and puts in force what changed, without a log lost or sent twice; a file that is
   * wrong, or a part that refuses its configuration, changes nothing. Takes back what the API changed of tracing.
   * Never rejects: how it went is in the result, the status and the log.
   */
  async reload(trigger: ReloadTrigger): Promise<Reload> {
    await this.#watch?.acknowledge();
    return this.#reloader.reload(trigger);
  }

  /** Stops sources, drains within `dispatcher.shutdown_timeout`, flushes. Idempotent; safe before `start`. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop().then(
      () => this.#finished.resolve(),
      (error) => {
        this.#finished.reject(error);
        throw error;
      },
    );
    return this.#stopping;
  }

  status(): AgentStatus {
    return {
      version: VERSION,
      state: this.#state,
      started_at: new Date(this.#clock.toEpoch(this.#startedAt)).toISOString(),
      uptime_seconds: (this.#clock.now() - this.#startedAt) / 1000,
      config_file: this.#options.configFile,
      config: this.#reloader.status(),
      ...this.#pipeline.status(),
    };
  }

  async #load(): Promise<Config> {
    const { configFile } = this.#options;
    if (this.#state !== 'running') throw new Error(`the agent is ${this.#state}`);
    // What was piped in is gone, and reading a pipe again might never end.
    const isReadable = await stat(configFile).then(
      (found) => found.isFile(),
      () => true,
    );
    if (!isReadable) throw new Error(`${configFile} is no regular file, so that it cannot be read again`);
    return loadConfig(configFile, { registry, environment: process.env });
  }

  async #apply(changed: Config): Promise<readonly ConfigChange[]> {
    const files = await digestFiles(namedFiles(changed));
    const isChanged = (file: string) => this.#files.has(file) && this.#files.get(file) !== files.get(file);
    const diff = diffConfig(this.#config, changed, isChanged);
    const { effective } = diff;
    const { settings, warnings } = resolveTracing(effective.tracing, process.env, VERSION);
    const isTraced = diff.changes.some(
      ({ path, action }) => path.startsWith('tracing.') && action === 'updated',
    );
    const cleared = Object.keys(this.#tracing.status().overrides).map((path) => `tracing.${path}`);
    const commitServer = this.#http.prepare(effective.server);
    const change = await this.#pipeline.prepare(effective, diff);
    try {
      // Nobody needs to wait for exporters that are no longer named.
      if (isTraced) void this.#tracing.update(settings);
      else this.#tracing.clearOverrides();
    } catch (error) {
      await change.cancel();
      throw error;
    }
    commitServer();
    await change.commit();
    for (const warning of isTraced ? warnings : []) this.#log.warn({}, warning);
    if (effective.log.level !== this.#config.log.level) this.#options.setLogLevel?.(effective.log.level);
    this.#config = effective;
    this.#files = files;
    void this.#watchConfig();
    const known = new Set(diff.changes.map(({ path }) => path));
    const also = cleared.filter((path) => !known.has(path));
    return [...diff.changes, ...also.map((path) => ({ path, action: 'updated' as const }))];
  }

  /** What changed between the first reading of the file and the first look of the watch would go unnoticed. */
  async #catchUp(): Promise<void> {
    if (this.#watch === null) return;
    const changed = await this.#load().then(
      (config) => diffConfig(this.#config, config).changes.length > 0,
      () => true,
    );
    if (changed && this.#state === 'running') await this.#reloader.reload('watch');
  }

  /** Begins or ends to watch the configuration, as it says itself. */
  async #watchConfig(): Promise<void> {
    const { watch, interval } = this.#config.reload;
    if (this.#watch !== null && (this.#stopping !== null || !watch)) {
      this.#watch.end();
      this.#watch = null;
    }
    if (this.#watch !== null || !watch || this.#stopping !== null) return;
    this.#watch = new FileWatch({
      files: () => [this.#options.configFile, ...namedFiles(this.#config)],
      clock: this.#clock,
      intervalMs: interval,
      onChange: () => void this.#reloader.reload('watch'),
    });
    await this.#watch.start();
  }

  async #stop(): Promise<void> {
    if (this.#state !== 'stopped') this.#state = 'draining';
    this.#watch?.end();
    this.#ledgerAlarm.stop();
    await this.#pipeline.stop(this.#config.dispatcher.shutdown_timeout);
    await this.#close();
  }

  /** Closes everything even when some of it fails; the first failure is thrown at the end. */
  async #close(): Promise<void> {
    const steps = [
      () => this.#pipeline.close(),
      () => this.#positions.flush(),
      () => this.#tracing.stop(this.#config.dispatcher.shutdown_timeout),
      () => this.#http.stop(),
      () => this.#where.close(),
      () => this.#releaseStateDir(),
    ];
    const failures: unknown[] = [];
    for (const step of steps) await step().catch((error) => failures.push(error));
    this.#state = 'stopped';
    if (failures.length > 0) throw failures[0];
  }
}

/** Files that a configuration names for reading, but for those of the server, which watches them itself. */
function namedFiles(config: Config): string[] {
  return filesNamedIn({ ...config, server: undefined }).map(({ file }) => file);
}
