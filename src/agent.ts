/**
 * The composition root: the only file that knows every part. It builds the pipeline and what surrounds it (state
 * directory, positions, tracing, metrics, HTTP) from a valid configuration, starts and stops them.
 */
import { join, resolve } from 'node:path';
import { type Clock, SystemClock } from './component/clock.ts';
import type { Logger } from './component/logger.ts';
import type { AgentStatus, ConfigChange, DeadLettersStatus } from './component/status.ts';
import type { ConfigDiff } from './config/diff.ts';
import { LiveConfig } from './config/live-config.ts';
import type { Reload, ReloadTrigger } from './config/reloader.ts';
import type { Config } from './config/schema.ts';
import { configViewer } from './config/shown.ts';
import { Replays } from './dispatcher/dead-letters/replays.ts';
import {
  FOLDER as DEAD_LETTERS,
  type DeadLetterLimits,
  DeadLetterStore,
} from './dispatcher/dead-letters/store.ts';
import { PositionStore } from './dispatcher/position-store.ts';
import { HttpServer } from './http/http-server.ts';
import type { OpenApiDocument } from './http/openapi.ts';
import { RequestCounts } from './http/request-counts.ts';
import { Kernel } from './kernel/kernel.ts';
import { lineKnowledge } from './line-knowledge.ts';
import { LiveHistory } from './live/history.ts';
import { LiveTail } from './live/tail.ts';
import { configMetrics } from './metrics/config-metrics.ts';
import { deliveryMetrics } from './metrics/delivery-metrics.ts';
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
  readonly #deadLetters: DeadLetterStore;
  readonly #replays: Replays;
  readonly #pipeline: Pipeline;
  readonly #tracing: Tracing;
  readonly #where: Where;
  readonly #ledgerAlarm: LedgerAlarm;
  readonly #history: LiveHistory;
  readonly #http: HttpServer;
  readonly #config: LiveConfig;
  readonly #finished = Promise.withResolvers<void>();
  #stopping: Promise<void> | null = null;
  #releaseStateDir: () => Promise<void> = async () => {};
  #state: AgentStatus['state'] = 'starting';

  /** Builds everything; opens nothing. @throws when a component refuses its configuration. */
  constructor(config: Config, options: AgentOptions) {
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
    this.#deadLetters = new DeadLetterStore({ ...shared, ...limitsOf(config) });
    const now = () => this.#clock.now();
    const pipelineMetrics = new PipelineMetrics({ now, tracedLogs: () => this.#tracing.tracedLogs() });
    const tail = new LiveTail(shared);
    this.#history = new LiveHistory({
      ...shared,
      status: () => this.#pipeline.status(),
      logsTraced: () => this.#tracing.status().logs_traced,
    });
    const journal = new DeliveryJournal({ clock: this.#clock, memoryBytes: config.where.memory });
    this.#tracing = new Tracing({
      ...shared,
      settings,
      version: VERSION,
      sinksOf: (source) => this.#pipeline.sinksOf(source),
      bufferAges: () => this.#pipeline.bufferAges(),
      isProcessed: (source) => this.#pipeline.isProcessed(source),
      carriesContexts: (source) => this.#pipeline.carriesContexts(source),
    });
    this.#pipeline = new Pipeline(config, {
      ...shared,
      positions: this.#positions,
      deadLetters: config.dead_letters.enabled ? this.#deadLetters : undefined,
      observers: [this.#tracing.observer, this.#tracing.rates, pipelineMetrics, journal, tail, this.#history],
    });
    this.#replays = new Replays({
      ...shared,
      store: this.#deadLetters,
      slots: kernel.slots,
      stamp: () => this.#tracing.settings.stamp,
      hasSink: (id) => this.#pipeline.hasSink(id),
      resend: (sink, batch) => this.#pipeline.resend(sink, batch),
    });
    this.#config = new LiveConfig(config, {
      ...shared,
      registry,
      file: options.configFile,
      environment: process.env,
      apply: (changed, diff) => this.#apply(changed, diff),
    });
    const status = () => this.status();
    this.#where = new Where({
      journal,
      knowledge: lineKnowledge({
        pipeline: this.#pipeline,
        traces: this.#tracing.store,
        letters: this.#deadLetters,
      }),
      clock: this.#clock,
      startedAt: new Date(this.#clock.toEpoch(this.#startedAt)).toISOString(),
      deadLetters: join(this.#stateDir, DEAD_LETTERS),
    });
    this.#ledgerAlarm = new LedgerAlarm({ ...shared, status: () => this.#pipeline.status() });
    const viewConfig = configViewer(registry);
    const counts = new RequestCounts();
    const metrics = new Exposition({
      status,
      collectors: [
        pipelineMetrics,
        statusMetrics,
        deliveryMetrics,
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
      config: () => ({ ...this.#config.status(), config: viewConfig(this.config) }),
      tracing: this.#tracing,
      where: this.#where,
      tail,
      history: this.#history,
      jaeger: this.#tracing.jaeger,
      deadLetters: {
        status: () => this.#deadLettersStatus(),
        hasSink: (id) => this.#pipeline.hasSink(id),
        startReplay: (request) => this.#replays.start(request),
        cancelReplay: () => this.#replays.cancel(),
      },
      spans: this.#tracing,
      counts,
      clock: this.#clock,
    });
  }

  /** The configuration that runs, with all defaults and with secrets. */
  get config(): Config {
    return this.#config.current;
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
      await this.#config.open();
      await this.#positions.load();
      await this.#deadLetters.open();
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
    this.#history.start();
    void this.#pipeline.finished.then(() => this.stop());
    this.#config.start();
  }

  /**
   * Reads the configuration file anew and puts in force what changed, without a log lost or sent twice; a file that is
   * wrong, or a part that refuses its configuration, changes nothing. Takes back what the API changed of tracing.
   * Never rejects: how it went is in the result, the status and the log.
   */
  reload(trigger: ReloadTrigger): Promise<Reload> {
    return this.#config.reload(trigger);
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
      config: this.#config.status(),
      ...this.#pipeline.status(),
      dead_letters: this.#deadLettersStatus(),
    };
  }

  #deadLettersStatus(): DeadLettersStatus {
    const replay = this.#replays.status();
    return {
      enabled: this.config.dead_letters.enabled,
      ...this.#deadLetters.status(),
      ...(replay && { replay }),
    };
  }

  async #apply(config: Config, diff: ConfigDiff): Promise<readonly ConfigChange[]> {
    const { settings, warnings } = resolveTracing(config.tracing, process.env, VERSION);
    const isTraced = diff.changes.some(
      ({ path, action }) => path.startsWith('tracing.') && action === 'updated',
    );
    const cleared = Object.keys(this.#tracing.status().overrides).map((path) => `tracing.${path}`);
    const commitServer = this.#http.prepare(config.server);
    const change = await this.#pipeline.prepare(config, diff);
    try {
      // From here on nothing waits until the pipeline has begun to change, so that it cannot refuse what the rest took up.
      if (this.#stopping !== null) throw new Error('the agent is stopping');
      // Nobody needs to wait for exporters that are no longer named.
      if (isTraced) void this.#tracing.update(settings);
      else this.#tracing.clearOverrides();
    } catch (error) {
      await change.cancel();
      throw error;
    }
    commitServer();
    this.#deadLetters.setLimits(limitsOf(config));
    await change.commit();
    for (const warning of isTraced ? warnings : []) this.#log.warn({}, warning);
    if (config.log.level !== this.config.log.level) this.#options.setLogLevel?.(config.log.level);
    return cleared.map((path) => ({ path, action: 'updated' }));
  }

  async #stop(): Promise<void> {
    if (this.#state !== 'stopped') this.#state = 'draining';
    this.#config.stop();
    this.#ledgerAlarm.stop();
    this.#history.stop();
    this.#replays.close();
    await this.#pipeline.stop(this.config.dispatcher.shutdown_timeout);
    await this.#close();
  }

  /** Closes everything even when some of it fails; the first failure is thrown at the end. */
  async #close(): Promise<void> {
    const steps = [
      () => this.#pipeline.close(),
      () => this.#replays.stop(),
      () => this.#deadLetters.close(),
      () => this.#positions.flush(),
      () => this.#tracing.stop(this.config.dispatcher.shutdown_timeout),
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

function limitsOf({ dead_letters }: Config): DeadLetterLimits {
  return { maxBytes: dead_letters.max_bytes, maxFileBytes: dead_letters.max_file_bytes };
}
