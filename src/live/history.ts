/**
 * The last hour in numbers: rates, lag, latencies and errors of every source and sink, second by second for the last
 * five minutes and in steps of ten seconds before. What charts show that were not open all the time. Memory is bounded;
 * what a source or sink that was removed did is forgotten with it. Takes a status a second; started by the agent.
 */
import type { Clock } from '../component/clock.ts';
import type { Observer } from '../component/observer.ts';
import type { AgentStatus } from '../component/status.ts';
import type { Batch } from '../record/batch.ts';
import type { Delivery } from '../record/delivery.ts';
import { LastAttempts, NEVER } from '../record/last-attempts.ts';
import { liveCount } from '../record/segment.ts';
import { bucketOf, Latencies } from './latency.ts';
import { type Resolution, SeriesTable } from './series.ts';

export type HistoryStatus = Pick<AgentStatus, 'sources' | 'sinks' | 'dispatcher'>;

export interface HistoryOptions {
  readonly clock: Clock;
  readonly status: () => HistoryStatus;
  /** Logs traced since the start. */
  readonly logsTraced: () => number;
}

const TICK_MS = 1000;
const FINE: Resolution = { stepSeconds: 1, steps: 300 };
const COARSE: Resolution = { stepSeconds: 10, steps: 360 };
/** Sources and sinks that are remembered: further ones, in a configuration that large, are left out. */
const MAX_COMPONENTS = 200;

/** What a source or a sink did since the last step, by resolution. */
class Recent {
  readonly fine = new Latencies();
  readonly coarse = new Latencies();
  readonly errors = { fine: 0, coarse: 0 };
}

type Columns = Record<string, readonly (number | null)[]>;

export type HistoryColumns = Readonly<Columns>;

export interface History {
  readonly step_seconds: number;
  /** Milliseconds since 1970 of the end of each step, the oldest first. */
  readonly times: readonly number[];
  readonly agent: HistoryColumns;
  readonly sources: Readonly<Record<string, HistoryColumns>>;
  readonly sinks: Readonly<Record<string, HistoryColumns>>;
}

export class LiveHistory implements Observer {
  readonly #options: HistoryOptions;
  readonly #tables = { fine: new SeriesTable(FINE), coarse: new SeriesTable(COARSE) };
  readonly #recent = new Map<string, Recent>();
  /** Counters at the last step, by resolution and key. They are kept: a source that comes back goes on counting. */
  readonly #counters = { fine: new Map<string, number>(), coarse: new Map<string, number>() };
  /** Monotonic milliseconds. */
  #steppedAt = { fine: 0, coarse: 0 };
  #ticks = 0;
  readonly #lastAttempts = new LastAttempts();
  #cancel: () => void = () => {};

  constructor(options: HistoryOptions) {
    this.#options = options;
  }

  start(): void {
    const now = this.#options.clock.now();
    this.#steppedAt = { fine: now, coarse: now };
    this.#next();
  }

  /** Safe without `start` and safe twice. */
  stop(): void {
    this.#cancel();
  }

  attempted({ sink, attempts }: Delivery): void {
    if (attempts.at(-1)?.error === undefined) return;
    const { errors } = this.#recentOf(`sinks ${sink}`);
    errors.fine++;
    errors.coarse++;
  }

  settled({ sink, segments, attempts, stored }: Delivery): void {
    const endedAt = attempts.at(-1)?.endedAt;
    // In a disk buffer nothing has ended yet.
    if (endedAt === undefined || stored) return;
    const recent = this.#recentOf(`sinks ${sink}`);
    for (const segment of segments) add(recent, endedAt - segment.readAt, liveCount(segment));
  }

  completed(batch: Batch, deliveries: readonly Delivery[]): void {
    const endings = this.#lastAttempts.of(batch, deliveries);
    for (const segment of batch.segments) {
      const endedAt = endings[segment.index]!;
      if (endedAt === NEVER) continue;
      add(this.#recentOf(`sources ${segment.stream.source}`), endedAt - segment.readAt, liveCount(segment));
    }
  }

  /** @param resolution `fine`: a second for five minutes; `coarse`: ten seconds for an hour. */
  history(resolution: 'fine' | 'coarse'): History {
    const table = this.#tables[resolution];
    const agent: Columns = {};
    const components: Record<'sources' | 'sinks', Record<string, Columns>> = { sources: {}, sinks: {} };
    for (const [key, values] of table.columns()) {
      const [kind, id, name] = key.split(' ') as [string, string, string];
      if (kind === 'agent') agent[id] = values;
      else {
        const columns = components[kind as 'sources' | 'sinks'];
        columns[id] = { ...columns[id], [name]: values };
      }
    }
    return { step_seconds: table.stepSeconds, times: table.times(), agent, ...components };
  }

  #next(): void {
    this.#cancel = this.#options.clock.after(TICK_MS, () => {
      this.#ticks++;
      const status = this.#options.status();
      this.#step('fine', status);
      if (this.#ticks % COARSE.stepSeconds === 0) this.#step('coarse', status);
      this.#next();
    });
  }

  #step(name: 'fine' | 'coarse', status: HistoryStatus): void {
    const { clock, logsTraced } = this.#options;
    const now = clock.now();
    // Timers are late when the machine is busy; rates are over the time that has passed.
    const seconds = (now - this.#steppedAt[name]) / 1000;
    this.#steppedAt[name] = now;
    const values = new Map<string, number>();
    const rate = (key: string, counter: number) => {
      const before = this.#counters[name].get(key) ?? 0;
      this.#counters[name].set(key, counter);
      values.set(key, (counter - before) / seconds);
    };
    rate('agent logs_per_second', status.dispatcher.records_done);
    rate('agent bytes_per_second', status.dispatcher.bytes_done);
    rate('agent traced_per_second', logsTraced());
    values.set('agent in_flight', status.dispatcher.records_in_flight);
    values.set('agent slots_free', status.dispatcher.slots_free);
    for (const { id, ledger, streams } of status.sources.slice(0, MAX_COMPONENTS)) {
      const key = `sources ${id}`;
      rate(`${key} logs_per_second`, ledger.read);
      rate(`${key} bytes_per_second`, ledger.read_bytes);
      values.set(`${key} in_flight`, ledger.in_flight);
      values.set(
        `${key} lag_bytes`,
        streams.reduce((sum, { lag_bytes }) => sum + lag_bytes, 0),
      );
      this.#percentiles(key, name, values);
    }
    for (const { id, ledger } of status.sinks.slice(0, MAX_COMPONENTS)) {
      const key = `sinks ${id}`;
      rate(`${key} logs_per_second`, ledger.delivered);
      const { errors } = this.#recentOf(key);
      values.set(`${key} errors_per_second`, errors[name] / seconds);
      errors[name] = 0;
      values.set(`${key} in_flight`, ledger.in_flight);
      this.#percentiles(key, name, values);
    }
    this.#tables[name].add(Math.round(clock.toEpoch(now)), values);
    this.#forget(status);
  }

  #percentiles(key: string, name: 'fine' | 'coarse', values: Map<string, number>): void {
    const latencies = this.#recentOf(key)[name];
    values.set(`${key} p50_ms`, latencies.percentile(0.5));
    values.set(`${key} p99_ms`, latencies.percentile(0.99));
    latencies.clear();
  }

  #recentOf(key: string): Recent {
    let recent = this.#recent.get(key);
    if (recent === undefined) {
      recent = new Recent();
      this.#recent.set(key, recent);
    }
    return recent;
  }

  /** What is of sources and sinks that are gone. */
  #forget({ sources, sinks }: HistoryStatus): void {
    if (this.#recent.size <= sources.length + sinks.length) return;
    const keys = new Set([
      ...sources.map(({ id }) => `sources ${id}`),
      ...sinks.map(({ id }) => `sinks ${id}`),
    ]);
    for (const key of this.#recent.keys()) if (!keys.has(key)) this.#recent.delete(key);
  }
}

function add(recent: Recent, ms: number, count: number): void {
  const bucket = bucketOf(ms);
  recent.fine.add(bucket, count);
  recent.coarse.add(bucket, count);
}
