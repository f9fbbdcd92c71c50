/**
 * The composition root: the only file that knows every part. It builds the pipeline and what surrounds it (state
 * directory, positions, tracing, metrics, HTTP) from a valid configuration, starts and stops them.
 */
import { resolve } from 'node:path';
import { type Clock, SystemClock } from './component/clock.ts';
import type { Logger } from './component/logger.ts';
import type { AgentStatus } from './component/status.ts';
import type { Config } from './config/schema.ts';
import { PositionStore } from './dispatcher/position-store.ts';
import { RequestCounts } from './http/request-counts.ts';
import { HttpServer } from './http/server.ts';
import { Kernel } from './kernel/kernel.ts';
import { Exposition } from './metrics/exposition.ts';
import { PipelineMetrics } from './metrics/pipeline-metrics.ts';
import { ProcessMetrics } from './metrics/process-metrics.ts';
import { statusMetrics } from './metrics/status-metrics.ts';
import { tracingMetrics } from './metrics/tracing-metrics.ts';
import { Pipeline } from './pipeline.ts';
import { claimStateDir } from './state-dir.ts';
import { resolveTracing } from './tracing/settings/settings.ts';
import { Tracing } from './tracing/tracing.ts';
import { VERSION } from './version.ts';

export class Agent {
  readonly #config: Config;
  readonly #configFile: string;
  readonly #log: Logger;
  readonly #clock: Clock = new SystemClock();
  readonly #startedAt = this.#clock.now();
  readonly #stateDir: string;
  readonly #positions: PositionStore;
  readonly #pipeline: Pipeline;
  readonly #tracing: Tracing;
  readonly #http: HttpServer;
  readonly #finished = Promise.withResolvers<void>();
  #stopping: Promise<void> | null = null;
  #releaseStateDir: () => Promise<void> = async () => {};
  #state: AgentStatus['state'] = 'starting';

  /** Builds everything; opens nothing. @throws when a component refuses its configuration. */
  constructor(config: Config, options: { configFile: string; log: Logger }) {
    this.#config = config;
    this.#configFile = options.configFile;
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
    const pipelineMetrics = new PipelineMetrics();
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
      observers: [this.#tracing.observer, pipelineMetrics],
    });
    const status = () => this.status();
    const counts = new RequestCounts();
    const metrics = new Exposition({
      status,
      collectors: [
        pipelineMetrics,
        statusMetrics,
        tracingMetrics(() => this.#tracing.status()),
        counts,
        new ProcessMetrics(),
      ],
    });
    this.#http = new HttpServer({
      ...config.server,
      log: this.#log,
      status,
      metrics,
      tracing: this.#tracing,
      spans: this.#tracing,
      counts,
      clock: this.#clock,
    });
  }

  /** Resolves when the agent has stopped: told to, or because every source came to its end. */
  get finished(): Promise<void> {
    return this.#finished.promise;
  }

  /** @throws when the state directory, a sink or the HTTP port cannot be used; nothing is left running then. */
  async start(): Promise<void> {
    this.#releaseStateDir = await claimStateDir(this.#stateDir);
    try {
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
    void this.#pipeline.finished.then(() => this.stop());
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
      config_file: this.#configFile,
      ...this.#pipeline.status(),
    };
  }

  async #stop(): Promise<void> {
    if (this.#state !== 'stopped') this.#state = 'draining';
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
      () => this.#releaseStateDir(),
    ];
    const failures: unknown[] = [];
    for (const step of steps) await step().catch((error) => failures.push(error));
    this.#state = 'stopped';
    if (failures.length > 0) throw failures[0];
  }
}
