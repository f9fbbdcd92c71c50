/**
 * Sources, their processors, the dispatcher and sinks, built from a valid configuration. Starts them downstream first
 * and stops them upstream first, so that each drains into a live consumer. A changed configuration is prepared first
 * (prepare.ts), when nothing has changed yet, and then put in force. It knows nothing of tracing, metrics and
 * HTTP: they watch as observers and ask for the status. Owned by the agent.
 */
import { join } from 'node:path';
import type { Observer } from '../component/observer.ts';
import type { Processor } from '../component/processor.ts';
import { type Source, type SourceFile, SourceReplaced } from '../component/source.ts';
import type { AgentStatus, ProcessorStatus } from '../component/status.ts';
import type { ConfigDiff } from '../config/diff.ts';
import type { Config, SourceConfig } from '../config/schema.ts';
import { Dispatcher } from '../dispatcher/dispatcher.ts';
import type { PositionStore } from '../dispatcher/position-store.ts';
import type { Settlement } from '../dispatcher/settlement.ts';
import type { DeadLetters } from '../dispatcher/sink-lane.ts';
import { within } from '../dispatcher/within.ts';
import type { Batch } from '../record/batch.ts';
import { buildProcessors, buildSink, buildSource, isRereadable, type Shared } from './components.ts';
import { warnOfLeftBuffers } from './left-buffers.ts';
import { type Parts, prepareParts } from './prepare.ts';
import { Sinks } from './sinks.ts';
import { SourceSeat } from './source-seat.ts';

/** The part of a configuration that a pipeline is built from. */
export type PipelineConfig = Pick<Config, 'sources' | 'sinks' | 'dispatcher'>;

export interface PipelineOptions extends Shared {
  readonly positions: PositionStore;
  readonly observers: readonly Observer[];
  /** Where records that sinks refuse are kept; absent: they are dropped. */
  readonly deadLetters?: DeadLetters | undefined;
}

export type ComponentsDiff = Pick<ConfigDiff, 'sources' | 'sinks'>;

export type PipelineStatus = Pick<AgentStatus, 'sources' | 'sinks' | 'dispatcher'>;

/** A change of which everything that can fail has been done. */
export interface PreparedChange {
  /** Puts it in force. Resolves when it is, but for sources that wait for logs of theirs in flight. */
  commit(): Promise<void>;
  /** Lets go of what was built for it. */
  cancel(): Promise<void>;
}

interface SourceEntry {
  readonly config: SourceConfig;
  readonly processors: readonly Processor[];
  readonly seat: SourceSeat;
}

export class Pipeline {
  readonly #options: PipelineOptions;
  #config: PipelineConfig;
  /** In the order of the configuration. */
  #sources = new Map<string, SourceEntry>();
  /** Removed ones of which logs are in flight. */
  readonly #leavingSources = new Map<string, SourceEntry>();
  readonly #sinks: Sinks;
  readonly #dispatcher: Dispatcher;
  readonly #stopping = new AbortController();
  readonly #finished = Promise.withResolvers<void>();
  #changing: Promise<void> | null = null;

  /** Builds everything; opens nothing. @throws when a component refuses its configuration. */
  constructor(config: PipelineConfig, options: PipelineOptions) {
    this.#config = config;
    this.#options = options;
    const { positions, observers } = options;
    this.#sinks = new Sinks(
      config.sinks.map((entry) => ({ config: entry, sink: buildSink(entry, options) })),
      { log: options.log, onGone: () => this.#checkEnd() },
    );
    const sources = config.sources.map((entry) => ({
      config: entry,
      source: buildSource(entry, options, { positions: positions.forSource(entry.id) }),
      processors: buildProcessors(entry.processors, options),
    }));
    this.#dispatcher = new Dispatcher({
      ...options,
      sources: new Map(sources.map((entry) => [entry.config.id, entry.processors])),
      sinks: this.#sinks.routes,
      ...times(config.dispatcher),
      buffers: {
        folder: bufferFolder(options.stateDir),
        isLostOnceRead: ({ sourceType }) => !isRereadable(sourceType),
      },
      observers,
    });
    for (const { config: entry, source, processors } of sources) {
      this.#sources.set(entry.id, { config: entry, processors, seat: this.#seatFor(entry.id, source) });
    }
  }

  /** Resolves when every source has come to its end, or the destination of every sink is gone for good. */
  get finished(): Promise<void> {
    return this.#finished.promise;
  }

  /** Opens the sinks and their disk buffers. @throws when one refuses; call `close` then. */
  async open(): Promise<void> {
    await this.#sinks.open();
    await this.#dispatcher.open();
    const ids = new Set(this.#config.sinks.map(({ id }) => id));
    await warnOfLeftBuffers(bufferFolder(this.#options.stateDir), ids, this.#options.log);
  }

  /** Starts the sources; called once, after `open`. */
  start(): void {
    for (const { seat } of this.#sources.values()) seat.start();
  }

  /**
   * Stops sources and waits until every sink is done, or until the deadline, after which the rest is abandoned.
   * Safe before `start`.
   */
  async stop(deadlineMs: number): Promise<void> {
    const reason = new Error('the agent is stopping');
    this.#stopping.abort(reason);
    await this.#changing?.catch(() => {});
    await Promise.all([...this.#sources.values()].map(({ seat }) => seat.halt(reason)));
    const left = await this.#dispatcher.drain(this.#sinks.areGone ? 0 : deadlineMs);
    if (left > 0) {
      this.#options.log.warn(
        { records: left },
        'stopping before every log was delivered; what is left of files is read again at the next start',
      );
    }
  }

  /** Closes the sinks, all of them even when some fail. Safe twice. @throws the first failure. */
  close(): Promise<void> {
    return this.#sinks.close();
  }

  /**
   * Builds and opens what a changed configuration needs, and touches nothing that runs. One change at a time.
   * @param diff of the configuration that runs and `config`.
   * @throws when a part refuses its configuration, or a port is in use; nothing is left of the change then.
   */
  async prepare(config: PipelineConfig, diff: ComponentsDiff): Promise<PreparedChange> {
    const parts = await prepareParts(diff, {
      shared: this.#options,
      positions: (id) => this.#options.positions.forSource(id),
      running: (id) => this.#sources.get(id)?.config,
    });
    return {
      commit: async () => {
        if (this.#stopping.signal.aborted) {
          await parts.discard();
          throw this.#stopping.signal.reason;
        }
        this.#changing = this.#apply(config, diff, parts).finally(() => {
          this.#changing = null;
          this.#checkEnd();
        });
        await this.#changing;
      },
      cancel: () => parts.discard(),
    };
  }

  /** Ids of the sinks that logs of a source go to. */
  sinksOf(source: string): string[] {
    return this.#sinks.idsFor(source);
  }

  /** Ages of the oldest logs in the disk buffers of sinks, in milliseconds. */
  bufferAges(): ReadonlyMap<string, number> {
    const ages = new Map<string, number>();
    for (const [id, { buffer }] of this.#dispatcher.status().sinks) {
      if (buffer !== undefined) ages.set(id, buffer.oldest_seconds * 1000);
    }
    return ages;
  }

  hasSink(id: string): boolean {
    return this.#sinks.has(id);
  }

  /** Sends dead letters again; see the dispatcher. */
  resend(sink: string, batch: Batch): Promise<Settlement> {
    return this.#dispatcher.resend(sink, batch);
  }

  /** Whether a source has processors. */
  isProcessed(source: string): boolean {
    return (this.#entryOf(source)?.processors.length ?? 0) > 0;
  }

  /** Whether logs of a source may hold a W3C context in their text. */
  carriesContexts(source: string): boolean {
    const entry = this.#entryOf(source);
    return (
      entry !== undefined &&
      (entry.config.trace_context === 'json' || entry.processors.some((step) => step.readsJson))
    );
  }

  /** Every file that sources read or remember, once for each source. */
  *files(): Iterable<{ readonly source: string; readonly file: SourceFile }> {
    for (const [source, { seat }] of this.#sources) {
      for (const file of seat.files()) yield { source, file };
    }
  }

  status(): PipelineStatus {
    const { sources, sinks, ...dispatcher } = this.#dispatcher.status();
    const { slots } = this.#dispatcher;
    return {
      sources: [...this.#leavingSources, ...this.#sources].map(([id, { config, seat, processors }]) => ({
        id,
        type: config.type,
        ...seat.status(),
        processors: config.processors.map(({ type }, step) => statusOf(type, processors[step])),
        ledger: sources.get(id)!,
      })),
      sinks: this.#sinks.status(sinks),
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

  #entryOf(source: string): SourceEntry | undefined {
    return this.#sources.get(source) ?? this.#leavingSources.get(source);
  }

  #seatFor(id: string, source: Source): SourceSeat {
    const { clock, log } = this.#options;
    return new SourceSeat(source, {
      id,
      clock,
      log,
      intake: this.#dispatcher,
      settled: () => this.#dispatcher.whenSettled(id),
      onEnd: () => this.#checkEnd(),
    });
  }

  #checkEnd(): void {
    if (this.#changing !== null) return;
    const haveEnded = [...this.#sources.values()].every(({ seat }) => seat.hasEnded);
    if (haveEnded || this.#sinks.areGone) this.#finished.resolve();
  }

  async #apply(config: PipelineConfig, diff: ComponentsDiff, parts: Parts): Promise<void> {
    const { sources } = diff;
    const before = this.#sources;
    const { shutdown_timeout: deadlineMs } = config.dispatcher;
    const { signal } = this.#stopping;
    const halt = (id: string, reason: Error) => before.get(id)!.seat.halt(reason);
    await Promise.all([
      ...sources.removed.map((id) => halt(id, new Error(`source ${id} was removed`))),
      ...sources.replaced.map(({ id, type }) => {
        // Another type cannot go on where this one was.
        const Reason = before.get(id)!.config.type === type ? SourceReplaced : Error;
        return halt(id, new Reason(`source ${id} was changed`));
      }),
    ]);

    // One step: no log can come between the old shape and the new.
    this.#config = config;
    this.#dispatcher.setTimes(times(config.dispatcher));
    this.#sources = this.#sourcesOf(config, parts);
    for (const [id, processors] of parts.processors) this.#dispatcher.setSource(id, processors);
    const { replaced, removed } = this.#sinks.change({
      config: config.sinks,
      diff: diff.sinks,
      built: parts.sinks,
      dispatcher: this.#dispatcher,
      deadlineMs,
      signal,
    });
    for (const id of sources.removed) this.#releaseSource(before.get(id)!);
    const started = [...parts.sources].map(([id, source]) => {
      const { config: entry, seat } = this.#sources.get(id)!;
      return seat.succeed(source, isRereadable(entry.type));
    });
    // Those end at the deadline by themselves, or when the agent stops.
    await removed;
    await within(this.#options.clock, deadlineMs, Promise.all([replaced, ...started]), signal);
    for (const [id, { seat }] of this.#sources) {
      if (seat.isWaiting) {
        this.#options.log.warn({ source: id }, 'source goes on as soon as its logs in flight are delivered');
      }
    }
  }

  #sourcesOf(config: PipelineConfig, parts: Parts): Map<string, SourceEntry> {
    return new Map(
      config.sources.map((entry) => {
        const { id } = entry;
        const old = this.#sources.get(id);
        const processors = parts.processors.get(id) ?? old!.processors;
        const seat =
          old?.seat ?? this.#leavingSources.get(id)?.seat ?? this.#seatFor(id, parts.sources.get(id)!);
        this.#leavingSources.delete(id);
        return [id, { config: entry, processors, seat }];
      }),
    );
  }

  #releaseSource(entry: SourceEntry): void {
    const { id } = entry.config;
    this.#dispatcher.removeSource(id);
    this.#leavingSources.set(id, entry);
    void this.#dispatcher.whenSettled(id).then(() => {
      if (this.#leavingSources.get(id) === entry) this.#leavingSources.delete(id);
    });
  }
}

/** Of the disk buffers of sinks. */
function bufferFolder(stateDir: string): string {
  return join(stateDir, 'buffer');
}

function times({ batch_timeout, retry }: Config['dispatcher']) {
  return {
    batchTimeoutMs: batch_timeout,
    retry: { initialMs: retry.initial, maxMs: retry.max, giveUpAfterMs: retry.give_up_after },
  };
}

function statusOf(type: string, processor: Processor | undefined): ProcessorStatus {
  const details = processor?.status?.();
  return { type, ...(processor?.label && { label: processor.label }), ...(details && { details }) };
}
