/**
 * Sends dead letters again where no agent runs: claims the state directory, builds the sinks that letters are for and
 * nothing else, and lets go of everything when done. Called by `log-capturer dead-letters replay`.
 */
import { resolve } from 'node:path';
import { SystemClock } from './component/clock.ts';
import type { Logger } from './component/logger.ts';
import type { ReplayStatus } from './component/status.ts';
import type { Config } from './config/schema.ts';
import type { SinkEntry } from './dispatcher/branches.ts';
import { Replay, type ReplayRequest } from './dispatcher/dead-letters/replay.ts';
import { DeadLetterStore } from './dispatcher/dead-letters/store.ts';
import { Dispatcher } from './dispatcher/dispatcher.ts';
import { Kernel } from './kernel/kernel.ts';
import { buildSink } from './pipeline/components.ts';
import { claimStateDir } from './state-dir.ts';

/** Spans are not made; the kernel wants room for some. */
const SPAN_BYTES = 2 ** 16;
/** No sink waits for more logs here. */
const BATCH_TIMEOUT_MS = 1;

export class ReplayAlone {
  readonly #replay: Replay;
  readonly #dispatcher: Dispatcher;
  readonly #close: (() => Promise<void>)[];

  /**
   * Opens everything that is needed; sends nothing yet.
   * @throws StateDirInUse when an agent runs there, and whatever a sink says against its configuration; nothing is left
   *   open then.
   */
  static async open(config: Config, request: ReplayRequest, log: Logger): Promise<ReplayAlone> {
    const stateDir = resolve(config.state_dir);
    const close: (() => Promise<void>)[] = [await claimStateDir(stateDir)];
    try {
      const { dispatcher, dead_letters } = config;
      const clock = new SystemClock();
      const kernel = Kernel.create({
        memoryBytes: dispatcher.memory,
        slotBytes: dispatcher.batch_bytes,
        slotRecords: dispatcher.batch_size,
        spanBytes: SPAN_BYTES,
      });
      const shared = { stateDir, kernel, clock, log };
      const store = new DeadLetterStore({
        ...shared,
        maxBytes: dead_letters.max_bytes,
        maxFileBytes: dead_letters.max_file_bytes,
      });
      close.push(() => store.close());
      await store.open();
      const refusing = request.sink === undefined ? store.sinks() : [request.sink];
      const wanted = request.to === undefined ? refusing : [request.to];
      const sinks: SinkEntry[] = [];
      for (const entry of config.sinks.filter(({ id }) => wanted.includes(id))) {
        const sink = buildSink(entry, shared);
        close.push(() => sink.close());
        await sink.open();
        sinks.push({ id: entry.id, sink, selects: () => false });
      }
      const { initial, max, give_up_after } = dispatcher.retry;
      const lanes = new Dispatcher({
        ...shared,
        sources: new Map(),
        sinks,
        batchTimeoutMs: BATCH_TIMEOUT_MS,
        retry: { initialMs: initial, maxMs: max, giveUpAfterMs: give_up_after },
        observers: [],
      });
      await lanes.open();
      const replay = new Replay(request, {
        ...shared,
        store,
        slots: kernel.slots,
        stamp: () => config.tracing.stamp,
        hasSink: (id) => sinks.some((entry) => entry.id === id),
        resend: (sink, batch) => lanes.resend(sink, batch),
      });
      return new ReplayAlone(replay, lanes, close);
    } catch (error) {
      await closeAll(close);
      throw error;
    }
  }

  private constructor(replay: Replay, dispatcher: Dispatcher, close: (() => Promise<void>)[]) {
    this.#replay = replay;
    this.#dispatcher = dispatcher;
    this.#close = close;
  }

  /** Sends, to the end or until it is cancelled, and closes everything. */
  async run(): Promise<ReplayStatus> {
    await this.#replay.run();
    await this.#dispatcher.drain(0);
    await closeAll(this.#close);
    return this.#replay.status();
  }

  status(): ReplayStatus {
    return this.#replay.status();
  }

  /** Why a sink does not take what it is given just now; undefined when all do. */
  trouble(): string | undefined {
    const { sinks } = this.#dispatcher.status();
    for (const [id, { breaker, last_error }] of sinks) {
      if (breaker.state !== 'closed') return `${id}: ${last_error?.message ?? 'no answer'}`;
    }
    return undefined;
  }

  /** No further batch is sent; the one under way is waited for. */
  cancel(): void {
    this.#replay.cancel();
  }

  /** The one under way is not waited for either: it is sent anew by the next replay. */
  abandon(): void {
    this.#replay.abandon();
  }
}

/** Last opened first; all of them even when some fail. */
async function closeAll(close: readonly (() => Promise<void>)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const step of close.toReversed()) await step().catch((error) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}
