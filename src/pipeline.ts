/**
 * Sources, their processors, the dispatcher and sinks, built from a valid configuration. Starts them downstream first
 * and stops them upstream first, so that each drains into a live consumer. It knows nothing of tracing, metrics and
 * HTTP: they watch as observers and ask for the status. Owned by the agent.
 */
import type { Observer } from './component/observer.ts';
import type { Processor } from './component/processor.ts';
import type { Sink } from './component/sink.ts';
import type { Source } from './component/source.ts';
import type { AgentStatus } from './component/status.ts';
import { buildProcessors, buildSink, buildSource, type Shared } from './components.ts';
import type { Config, SinkConfig, SourceConfig } from './config/schema.ts';
import { selects } from './config/selection.ts';
import { Dispatcher } from './dispatcher/dispatcher.ts';
import type { PositionStore } from './dispatcher/position-store.ts';
import { runSource } from './run-source.ts';

/** The part of a configuration that a pipeline is built from. */
export type PipelineConfig = Pick<Config, 'sources' | 'sinks' | 'dispatcher'>;

export interface PipelineOptions extends Shared {
  readonly positions: PositionStore;
  readonly observers: readonly Observer[];
}

export type PipelineStatus = Pick<AgentStatus, 'sources' | 'sinks' | 'dispatcher'>;

interface SourceEntry {
  readonly config: SourceConfig;
  readonly source: Source;
  readonly processors: readonly Processor[];
}

interface SinkEntry {
  readonly config: SinkConfig;
  readonly sink: Sink;
}

export class Pipeline {
  readonly #options: PipelineOptions;
  readonly #config: PipelineConfig;
  readonly #sources = new Map<string, SourceEntry>();
  readonly #sinks = new Map<string, SinkEntry>();
  readonly #dispatcher: Dispatcher;
  readonly #stopSources = new AbortController();
  readonly #finished = Promise.withResolvers<void>();
  #running: Promise<unknown> = Promise.resolve();

  /** Builds everything; opens nothing. @throws when a component refuses its configuration. */
  constructor(config: PipelineConfig, options: PipelineOptions) {
    this.#config = config;
    this.#options = options;
    const { positions, observers } = options;
    for (const entry of config.sinks) {
      this.#sinks.set(entry.id, { config: entry, sink: buildSink(entry, options) });
    }
    for (const entry of config.sources) {
      this.#sources.set(entry.id, {
        config: entry,
        source: buildSource(entry, options, positions.forSource(entry.id)),
        processors: buildProcessors(entry.processors, options),
      });
    }
    const { batch_timeout, retry } = config.dispatcher;
    this.#dispatcher = new Dispatcher({
      ...options,
      sources: new Map([...this.#sources].map(([id, { processors }]) => [id, processors])),
      sinks: [...this.#sinks].map(([id, entry]) => ({
        id,
        sink: entry.sink,
        selects: (source: string) => selects(entry.config.sources, source),
      })),
      batchTimeoutMs: batch_timeout,
      retry: { initialMs: retry.initial, maxMs: retry.max, giveUpAfterMs: retry.give_up_after },
      observers,
    });
  }

  /** Resolves when every source has come to its end. */
  get finished(): Promise<void> {
    return this.#finished.promise;
  }

  /** Opens the sinks. @throws when one refuses; call `close` then. */
  async open(): Promise<void> {
    for (const { sink } of this.#sinks.values()) await sink.open();
  }

  /** Starts the sources; called once, after `open`. */
  start(): void {
    const { clock, log } = this.#options;
    this.#running = Promise.all(
      [...this.#sources].map(([id, { source }]) =>
        runSource(source, { intake: this.#dispatcher, signal: this.#stopSources.signal, clock, log, id }),
      ),
    );
    void this.#running.then(() => this.#finished.resolve());
  }

  /**
   * Stops sources and waits until every sink is done, or until the deadline, after which the rest is abandoned.
   * Safe before `start`.
   */
  async stop(deadlineMs: number): Promise<void> {
    this.#stopSources.abort(new Error('the agent is stopping'));
    await this.#running;
    const left = await this.#dispatcher.drain(deadlineMs);
    if (left > 0) {
      this.#options.log.warn(
        { records: left },
        'stopping before every log was delivered; what is left of files is read again at the next start',
      );
    }
  }

  /** Closes the sinks, all of them even when some fail. Safe twice. @throws the first failure. */
  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (const { sink } of this.#sinks.values()) await sink.close().catch((error) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  }

  /** Ids of the sinks that logs of a source go to. */
  sinksOf(source: string): string[] {
    return [...this.#sinks.values()]
      .filter(({ config }) => selects(config.sources, source))
      .map(({ config }) => config.id);
  }

  /** Whether a source has processors. */
  isProcessed(source: string): boolean {
    return (this.#sources.get(source)?.processors.length ?? 0) > 0;
  }

  /** Whether logs of a source may hold a W3C context in their text. */
  carriesContexts(source: string): boolean {
    const entry = this.#sources.get(source);
    return (
      entry !== undefined &&
      (entry.config.trace_context === 'json' || entry.processors.some((step) => step.readsJson))
    );
  }

  status(): PipelineStatus {
    const dispatcher = this.#dispatcher.status();
    const { slots } = this.#dispatcher;
    return {
      sources: [...this.#sources].map(([id, { config, source }]) => ({
        id,
        type: config.type,
        ...source.status(),
        ledger: dispatcher.sources.get(id)!,
      })),
      sinks: [...this.#sinks].map(([id, { config }]) => ({
        id,
        type: config.type,
        ...dispatcher.sinks.get(id)!,
      })),
      dispatcher: {
        memory_bytes: this.#config.dispatcher.memory,
        slots: slots.size,
        slots_free: slots.free,
        batches: dispatcher.batches,
        batches_in_flight: dispatcher.batchesInFlight,
        records_in_flight: dispatcher.recordsInFlight,
        bytes_in_flight: dispatcher.bytesInFlight,
        records_done: dispatcher.recordsDone,
        bytes_done: dispatcher.bytesDone,
      },
    };
  }
}
