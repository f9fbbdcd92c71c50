/**
 * How far a source is behind in time: how long ago there was as much to read as it has read by now. Worked out from the
 * byte counts at scrapes, so that it costs nothing in between; as exact as scrapes are frequent. Built by the agent.
 */
import type { AgentStatus } from '../component/status.ts';
import type { Collector, Samples } from './samples.ts';

/** What was known at a scrape. */
interface Sample {
  /** Monotonic milliseconds. */
  readonly at: number;
  /** Bytes that had been there to read until then, since the start. */
  readonly written: number;
}

/** Samples kept for a source; when there are more, every second one goes. */
const MAX_SAMPLES = 128;

export class LagSeconds {
  readonly #samples = new Map<string, Sample[]>();

  /**
   * @param readBytes read since the start; `lagBytes`: known to exist and not read.
   * @param now monotonic milliseconds, never less than at the call before.
   * @returns seconds; 0 when nothing is unread. At least that many, when it has been behind since the first call.
   */
  of(source: string, readBytes: number, lagBytes: number, now: number): number {
    const latest = { at: now, written: readBytes + lagBytes };
    if (lagBytes <= 0) {
      this.#samples.set(source, [latest]);
      return 0;
    }
    const samples = [...(this.#samples.get(source) ?? []), latest];
    // The last moment at which nothing was there that is not read by now; those before it are never asked for again.
    const level = Math.max(
      0,
      samples.findLastIndex(({ written }) => written <= readBytes),
    );
    const kept = samples.slice(level);
    this.#samples.set(source, kept.length > MAX_SAMPLES ? kept.filter((_, i) => i % 2 === 0) : kept);
    const [before, after = latest] = kept;
    const grown = after.written - before!.written;
    const share = grown > 0 ? Math.max(0, (readBytes - before!.written) / grown) : 0;
    return (now - (before!.at + share * (after.at - before!.at))) / 1000;
  }

  /** Forgets all other sources. */
  keep(sources: ReadonlySet<string>): void {
    for (const source of this.#samples.keys()) if (!sources.has(source)) this.#samples.delete(source);
  }
}

/** Exposes it. */
export class LagMetrics implements Collector {
  readonly #lag = new LagSeconds();
  readonly #now: () => number;

  /** @param now monotonic milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  collect(samples: Samples, { sources }: AgentStatus): void {
    const now = this.#now();
    for (const { id: source, ledger, streams } of sources) {
      const lagBytes = streams.reduce((total, stream) => total + stream.lag_bytes, 0);
      const seconds = this.#lag.of(source, ledger.read_bytes, lagBytes, now);
      samples.set('log_capturer_source_lag_seconds', seconds, { source });
    }
    this.#lag.keep(new Set(sources.map(({ id }) => id)));
  }
}
