/**
 * The composition root: the only file that knows every part. It builds them from a valid configuration, starts them
 * downstream first (sinks, dispatcher, sources) and stops them upstream first, so that each drains into a live consumer.
 */
import { resolve } from 'node:path';
import { type Clock, SystemClock } from './component/clock.ts';
import type { Logger } from './component/logger.ts';
import type { Observer } from './component/observer.ts';
import type { Processor } from './component/processor.ts';
import type { Sink } from './component/sink.ts';
import type { Source } from './component/source.ts';
import type { AgentStatus } from './component/status.ts';
import type { Config } from './config/schema.ts';
import { selects } from './config/selection.ts';
import { Dispatcher } from './dispatcher/dispatcher.ts';
import { PositionStore } from './dispatcher/position-store.ts';
import { HttpServer } from './http/server.ts';
import { Kernel } from './kernel/kernel.ts';
import { Exposition } from './metrics/exposition.ts';
import { PipelineMetrics } from './metrics/pipeline-metrics.ts';
import { ProcessMetrics } from './metrics/process-metrics.ts';
import { statusMetrics } from './metrics/status-metrics.ts';
import { tracingMetrics } from './metrics/tracing-metrics.ts';
import { processors, sinks, sources } from './registry.ts';
import { runSource } from './run-source.ts';
import { claimStateDir } from './state-dir.ts';
import { resolveTracing } from './tracing/settings/settings.ts';
import { Tracing } from './tracing/tracing.ts';
import { VERSION } from './version.ts';

interface Named<T> {
  readonly id: string;
  readonly type: string;
  readonly component: T;
}

export class Agent {
  readonly #config: Config;
  readonly #configFile: string;
  readonly #log: Logger;
  readonly #clock: Clock = new SystemClock();
  readonly #startedAt = this.#clock.now();
  readonly #stateDir: string;
  readonly #positions: PositionStore;
  readonly #sources: readonly Named<Source>[];
  readonly #sinks: readonly Named<Sink>[];
  readonly #dispatcher: Dispatcher;
  readonly #tracing: Tracing;
  readonly #http: HttpServer;
  readonly #stopSources = new AbortController();
  readonly #finished = Promise.withResolvers<void>();
  #running: Promise<unknown> = Promise.resolve();
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
    const context = { log: this.#log, clock: this.#clock, kernel, stateDir: this.#stateDir };

    this.#positions = new PositionStore(context);
    this.#sinks = config.sinks.map((entry) => ({
      id: entry.id,
      type: entry.type,
      component: specOf(sinks, entry.type).build(entry, { ...context, id: entry.id }),
    }));
    this.#sources = config.sources.map((entry) => ({
      id: entry.id,
      type: entry.type,
      component: specOf(sources, entry.type).build(entry, {
        ...context,
        id: entry.id,
        labels: entry.labels,
        positions: this.#positions.forSource(entry.id),
      }),
    }));
    const chains = new Map<string, readonly Processor[]>(
      config.sources.map((entry) => [
        entry.id,
        entry.processors.map((step) =>
          specOf(processors, step.type).build(step, { ...context, id: step.type }),
        ),
      ]),
    );
    const carriers = new Set(
      config.sources
        .filter(
          ({ id, trace_context }) =>
            trace_context === 'json' || chains.get(id)!.some((step) => step.readsJson),
        )
        .map(({ id }) => id),
    );
    const pipelineMetrics = new PipelineMetrics();
    this.#tracing = new Tracing({
      ...context,
      settings,
      version: VERSION,
      sinksOf: (source) => config.sinks.filter((sink) => selects(sink.sources, source)).map(({ id }) => id),
      isProcessed: (source) => chains.get(source)!.length > 0,
      carriesContexts: (source) => carriers.has(source),
    });
    const observers: readonly Observer[] = [this.#tracing.observer, pipelineMetrics];
    this.#dispatcher = new Dispatcher({
      ...context,
      sources: chains,
      sinks: this.#sinks.map(({ id, component }, index) => ({
        id,
        sink: component,
        selects: (sourceId: string) => selects(config.sinks[index]!.sources, sourceId),
      })),
      batchTimeoutMs: dispatcher.batch_timeout,
      retry: {
        initialMs: dispatcher.retry.initial,
        maxMs: dispatcher.retry.max,
        giveUpAfterMs: dispatcher.retry.give_up_after,
      },
      observers,
    });
    const status = () => this.status();
    const metrics = new Exposition({
      status,
      collectors: [
        pipelineMetrics,
        statusMetrics,
        tracingMetrics(() => this.#tracing.status()),
        new ProcessMetrics(),
      ],
    });
    this.#http = new HttpServer({
      ...config.server,
      log: this.#log,
      status,
      metrics,
      tracing: this.#tracing,
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
      for (const { component } of this.#sinks) await component.open();
      await this.#http.start();
    } catch (error) {
      await this.#close().catch(() => {});
      throw error;
    }
    this.#state = 'running';
    this.#running = Promise.all(
      this.#sources.map(({ id, component }) =>
        runSource(component, {
          intake: this.#dispatcher,
          signal: this.#stopSources.signal,
          clock: this.#clock,
          log: this.#log,
          id,
        }),
      ),
    );
    void this.#running.then(() => this.stop());
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
    const dispatcher = this.#dispatcher.status();
    return {
      version: VERSION,
      state: this.#state,
      started_at: new Date(this.#clock.toEpoch(this.#startedAt)).toISOString(),
      uptime_seconds: (this.#clock.now() - this.#startedAt) / 1000,
      config_file: this.#configFile,
      sources: this.#sources.map(({ id, type, component }) => ({
        id,
        type,
        ...component.status(),
        ledger: dispatcher.sources.get(id)!,
      })),
      sinks: this.#sinks.map(({ id, type }) => ({ id, type, ...dispatcher.sinks.get(id)! })),
      dispatcher: {
        memory_bytes: this.#config.dispatcher.memory,
        slots: this.#dispatcher.slots.size,
        slots_free: this.#dispatcher.slots.free,
        batches: dispatcher.batches,
        batches_in_flight: dispatcher.batchesInFlight,
        records_in_flight: dispatcher.recordsInFlight,
        bytes_in_flight: dispatcher.bytesInFlight,
        records_done: dispatcher.recordsDone,
        bytes_done: dispatcher.bytesDone,
      },
    };
  }

  async #stop(): Promise<void> {
    if (this.#state !== 'stopped') this.#state = 'draining';
    this.#stopSources.abort(new Error('the agent is stopping'));
    await this.#running;
    const left = await this.#dispatcher.drain(this.#config.dispatcher.shutdown_timeout);
    if (left > 0) {
      this.#log.warn(
        { records: left },
        'stopping before every log was delivered; what is left of files is read again at the next start',
      );
    }
    await this.#close();
  }

  /** Closes everything even when some of it fails; the first failure is thrown at the end. */
  async #close(): Promise<void> {
    const steps = [
      ...this.#sinks.map(
        ({ component }) =>
          () =>
            component.close(),
      ),
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

function specOf<S extends { readonly type: string }>(specs: readonly S[], type: string): S {
  const spec = specs.find((candidate) => candidate.type === type);
  if (spec === undefined) throw new Error(`no component of type ${type} in src/registry.ts`);
  return spec;
}
