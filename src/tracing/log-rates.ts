/**
 * How many logs a second each stream brought in the last seconds: what a rule would cost is worked out from it. An
 * observer of the pipeline, called once a batch; reads no clock while logs flow and forgets streams that are silent.
 */
import type { Observer } from '../component/observer.ts';
import type { Batch } from '../record/batch.ts';
import type { Stream } from '../record/stream.ts';

/** Logs are counted over windows of so many milliseconds, of which two are kept. */
const WINDOW_MS = 10_000;
/** Most streams counted in a window; logs of further ones are not. */
const MAX_STREAMS = 20_000;
/** Below this the first window says little, in milliseconds. */
const LEAST_MS = 1000;

interface Counted {
  readonly startedAt: number;
  readonly logs: Map<Stream, number>;
}

export interface LogRate {
  readonly logsPerSecond: number;
  /** Streams that brought any. */
  readonly streams: number;
}

export class LogRates implements Observer {
  #last: Counted | null = null;
  #current: Counted | null = null;

  sealed({ sealedAt, segments }: Batch): void {
    const { logs } = this.#at(sealedAt);
    for (const { stream, count } of segments) {
      const before = logs.get(stream);
      if (before === undefined && logs.size >= MAX_STREAMS) continue;
      logs.set(stream, (before ?? 0) + count);
    }
  }

  /**
   * The rate of all streams that pass.
   * @param now monotonic milliseconds.
   */
  of(passes: (stream: Stream) => boolean, now: number): LogRate {
    const current = this.#current;
    if (current === null) return { logsPerSecond: 0, streams: 0 };
    // A sliding window: of the last one only the part counts that is less than a window ago.
    const elapsed = Math.max(0, now - current.startedAt);
    const last = this.#last;
    const share = last === null ? 0 : Math.max(0, 1 - elapsed / WINDOW_MS);
    const overMs = last === null ? Math.max(elapsed, LEAST_MS) : Math.max(elapsed, WINDOW_MS);
    const streams = new Set<Stream>();
    let logs = 0;
    if (elapsed < 2 * WINDOW_MS) logs += sum(current, passes, streams);
    if (share > 0) logs += share * sum(last!, passes, streams);
    return { logsPerSecond: (logs / overMs) * 1000, streams: streams.size };
  }

  #at(now: number): Counted {
    const current = this.#current;
    if (current !== null && now - current.startedAt < WINDOW_MS) return current;
    const follows = current !== null && now - current.startedAt < 2 * WINDOW_MS;
    this.#last = follows ? current : null;
    const startedAt = follows ? current.startedAt + WINDOW_MS : now;
    this.#current = { startedAt, logs: new Map() };
    return this.#current;
  }
}

function sum({ logs }: Counted, passes: (stream: Stream) => boolean, streams: Set<Stream>): number {
  let total = 0;
  for (const [stream, count] of logs) {
    if (!passes(stream)) continue;
    total += count;
    streams.add(stream);
  }
  return total;
}
