/**
 * The sinks of a pipeline: opens and closes them, connects them to the dispatcher, and exchanges them for those of a
 * changed configuration while logs flow. Used by the pipeline.
 */
import type { Logger } from '../component/logger.ts';
import type { Sink } from '../component/sink.ts';
import type { AgentStatus, SinkStatus } from '../component/status.ts';
import type { ConfigDiff } from '../config/diff.ts';
import type { SinkConfig } from '../config/schema.ts';
import { selects } from '../config/selection.ts';
import type { SinkEntry } from '../dispatcher/branches.ts';
import type { Dispatcher } from '../dispatcher/dispatcher.ts';

interface Entry {
  readonly config: SinkConfig;
  readonly sink: Sink;
}

export interface SinkChange {
  readonly config: readonly SinkConfig[];
  readonly diff: ConfigDiff['sinks'];
  /** Added and replaced sinks, which are open, by id. */
  readonly built: ReadonlyMap<string, Sink>;
  readonly dispatcher: Dispatcher;
  /** How long a removed sink has to deliver what it has, in milliseconds; and what ends that early. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

export class Sinks {
  readonly #log: Logger;
  readonly #onGone: () => void;
  /** In the order of the configuration. */
  #entries = new Map<string, Entry>();
  /** Those that were removed or replaced, until they are closed. */
  readonly #retired = new Set<Entry>();
  /** Those whose destination is gone for good. */
  readonly #gone = new WeakSet<Sink>();

  /** `onGone`: called when the destination of a sink is gone for good. */
  constructor(entries: readonly Entry[], { log, onGone }: { log: Logger; onGone: () => void }) {
    this.#log = log;
    this.#onGone = onGone;
    this.#entries = new Map(entries.map((entry) => [entry.config.id, entry]));
  }

  /** As the dispatcher takes them. */
  get routes(): SinkEntry[] {
    return [...this.#entries.values()].map(route);
  }

  /** Whether no log can be delivered any more, whoever tries. */
  get areGone(): boolean {
    return [...this.#entries.values()].every(({ sink }) => this.#gone.has(sink));
  }

  has(id: string): boolean {
    return this.#entries.has(id);
  }

  /** Ids of those that logs of a source go to. */
  idsFor(source: string): string[] {
    return [...this.#entries.values()]
      .filter(({ config }) => selects(config.sources, source))
      .map(({ config }) => config.id);
  }

  /** @throws when one refuses; call `close` then. */
  async open(): Promise<void> {
    for (const { sink } of this.#entries.values()) await sink.open();
    for (const { sink } of this.#entries.values()) this.#noteWhenGone(sink);
  }

  /** Closes all of them even when some fail. Safe twice. @throws the first failure. */
  async close(): Promise<void> {
    const failures: unknown[] = [];
    const sinks = [...this.#retired, ...this.#entries.values()];
    for (const { sink } of sinks) await sink.close().catch((error) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  }

  /** @param lanes what the dispatcher says of each sink; removed ones are among them until they have drained. */
  status(lanes: ReadonlyMap<string, SinkStatus>): AgentStatus['sinks'] {
    const entries = [...this.#retired, ...this.#entries.values()];
    const byId = new Map(entries.map(({ config }) => [config.id, config.type]));
    return [...byId].flatMap(([id, type]) => {
      const lane = lanes.get(id);
      return lane === undefined ? [] : [{ id, type, ...lane }];
    });
  }

  /**
   * Connects the sinks of a changed configuration, all at once: when it returns, the dispatcher has the new ones.
   * @returns promises that resolve when replaced sinks and when removed ones are closed.
   */
  change(change: SinkChange): { replaced: Promise<unknown>; removed: Promise<unknown> } {
    const { config, diff, built, dispatcher } = change;
    const before = this.#entries;
    this.#entries = new Map(
      config.map((entry) => {
        const { id } = entry;
        return [id, { config: entry, sink: built.get(id) ?? before.get(id)!.sink }];
      }),
    );
    const now = (id: string) => route(this.#entries.get(id)!);
    for (const { id } of diff.added) dispatcher.addSink(now(id));
    for (const { id } of diff.updated) void dispatcher.replaceSink(now(id));
    const replaced = diff.replaced.map(({ id }) =>
      this.#retire(before.get(id)!, () => dispatcher.replaceSink(now(id))),
    );
    const removed = diff.removed.map((id) => this.#retire(before.get(id)!, () => this.#remove(id, change)));
    for (const sink of built.values()) this.#noteWhenGone(sink);
    return { replaced: Promise.all(replaced), removed: Promise.all(removed) };
  }

  async #remove(id: string, { dispatcher, deadlineMs, signal }: SinkChange): Promise<void> {
    const records = await dispatcher.removeSink(id, deadlineMs, signal);
    if (records > 0) {
      this.#log.error(
        { sink: id, records, reason: 'sink_removed' },
        'sink was removed before it had delivered everything; what was left is among the dead letters, or dropped where those are off',
      );
    }
  }

  /** Closes a sink once it is not used any more. */
  async #retire(entry: Entry, release: () => Promise<void>): Promise<void> {
    this.#retired.add(entry);
    await release();
    if (!this.#retired.delete(entry)) return;
    await entry.sink.close().catch((err) => {
      this.#log.warn({ err, sink: entry.config.id }, 'a sink that was removed or changed did not close');
    });
  }

  #noteWhenGone(sink: Sink): void {
    void sink.gone?.then(() => {
      this.#gone.add(sink);
      this.#onGone();
    });
  }
}

function route({ config, sink }: Entry): SinkEntry {
  const { id, sources, buffer } = config;
  return {
    id,
    sink,
    selects: (source) => selects(sources, source),
    ...(buffer !== undefined && {
      buffer: { maxBytes: buffer.max_bytes, whenFull: buffer.when_full, fsync: buffer.fsync },
    }),
  };
}
