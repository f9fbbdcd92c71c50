/**
 * How the logs of a completed batch went: through which sinks, when, and how it ended. Reads what the dispatcher put on
 * the deliveries; no clock. Used by the tracer.
 */
import { PartialError } from '../../component/errors.ts';
import type { Outcome } from '../../component/observer.ts';
import type { Batch } from '../../record/batch.ts';
import type { Delivery } from '../../record/delivery.ts';
import type { Segment } from '../../record/segment.ts';
import type { LogOutcome } from '../mode.ts';
import type { Send } from './log-shape.ts';

/** A send with its times: monotonic milliseconds of the first attempt's start and the last one's end. */
export interface TimedSend extends Send {
  readonly startedAt: number;
  readonly endedAt: number;
}

/** The common way of some logs. */
export interface Way {
  readonly sends: readonly TimedSend[];
  /** Monotonic milliseconds of the last acknowledgement. */
  readonly endedAt: number;
  readonly outcome: LogOutcome;
  readonly failure: string | null;
}

/** What became of one delivery. */
interface Ending {
  readonly delivery: Delivery;
  /** Without regard to single records. */
  readonly send: TimedSend;
  readonly outcome: LogOutcome;
  readonly failure: string | null;
  /** Indexes of the records concerned; null: all, or unknown which. */
  readonly rows: ReadonlySet<number> | null;
}

/** Where the logs of one source went. */
interface Route {
  readonly endings: readonly Ending[];
  whole: Way | null;
}

/** From best to worst. */
const OUTCOMES: readonly LogOutcome[] = ['delivered', 'filtered', 'buffered', 'dead_lettered', 'dropped'];

export class Ways {
  readonly #failed = new WeakMap<Delivery, { outcome: Outcome; reason: string }>();

  /** Must be told of every delivery that settled; remembers those that failed, in part or in whole. */
  settled(delivery: Delivery, outcome: Outcome, reason: string | undefined): void {
    if (outcome.dropped + outcome.deadLettered === 0) return;
    this.#failed.set(delivery, { outcome, reason: reason ?? 'unknown' });
  }

  /** The ways of a batch whose deliveries have all settled. */
  of(batch: Batch, deliveries: readonly Delivery[]): BatchWays {
    return new BatchWays(
      batch,
      deliveries.map((delivery) => this.#ending(delivery)),
    );
  }

  #ending(delivery: Delivery): Ending {
    const { sink, attempts, batch, records } = delivery;
    const send: TimedSend = {
      sink,
      attempts: attempts.length,
      failure: null,
      startedAt: attempts[0]?.startedAt ?? batch.processedAt,
      endedAt: attempts.at(-1)?.endedAt ?? batch.processedAt,
    };
    if (delivery.stored) return { delivery, send, outcome: 'buffered', failure: null, rows: null };
    const failed = this.#failed.get(delivery);
    if (failed === undefined) return { delivery, send, outcome: 'delivered', failure: null, rows: null };
    const { outcome, reason } = failed;
    const lost = outcome.dropped + outcome.deadLettered;
    const rows = lost < records ? rejectedRows(delivery, records - lost) : null;
    // A log may not be called lost that is not known to be: the span says what is known.
    const failure =
      lost < records && rows === null ? `${reason}: ${lost} of ${records} logs, unknown which` : reason;
    return { delivery, send, outcome: outcome.dropped > 0 ? 'dropped' : 'dead_lettered', failure, rows };
  }
}

/** The ways of one batch. */
export class BatchWays {
  readonly #batch: Batch;
  readonly #endings: readonly Ending[];
  #bySource: ReadonlyMap<string, Route> | null = null;
  /** Of a batch that has one segment. */
  #only: Route | null = null;
  /** Monotonic milliseconds of the last acknowledgement in any sink; without sinks, when processors were done. */
  readonly endedAt: number;

  constructor(batch: Batch, endings: readonly Ending[]) {
    this.#batch = batch;
    this.#endings = endings;
    let endedAt = batch.processedAt;
    for (const { send } of endings) endedAt = Math.max(endedAt, send.endedAt);
    this.endedAt = endedAt;
  }

  /** The way of records that a processor filtered out. */
  get filtered(): Way {
    const endedAt = this.#batch.processedAt;
    return { sends: [], endedAt, outcome: 'filtered', failure: null };
  }

  /** The worst way of the segment's live records; that of nearly all. Sinks select by source, so it holds for the source. */
  whole({ stream }: Pick<Segment, 'stream'>): Way {
    const route = this.#routeOf(stream.source);
    route.whole ??= this.#join(route.endings, () => true);
    return route.whole;
  }

  /**
   * Divides live rows of a segment by their ways: where a sink refused single records, those went another way than the
   * others. `rows` null stands for `all()`.
   */
  divide(
    segment: Segment,
    rows: Uint32Array | null,
    all: () => Uint32Array,
  ): readonly { readonly way: Way; readonly rows: Uint32Array | null }[] {
    const { endings } = this.#routeOf(segment.stream.source);
    const partial = endings.filter((ending) => ending.rows !== null);
    if (partial.length === 0) return [{ way: this.whole(segment), rows }];
    const parts = new Map<string, number[]>();
    for (const row of rows ?? all()) {
      const key = partial.map((ending) => (ending.rows!.has(row) ? '1' : '0')).join('');
      const part = parts.get(key);
      if (part === undefined) parts.set(key, [row]);
      else part.push(row);
    }
    return [...parts].map(([key, part]) => ({
      way: this.#join(endings, (ending) => key[partial.indexOf(ending)] === '1'),
      rows: Uint32Array.from(part),
    }));
  }

  #routeOf(source: string): Route {
    // Made when asked for: most batches have no traced log. Of a busy source they have one segment.
    if (this.#batch.segments.length === 1) {
      this.#only ??= { endings: this.#endings, whole: null };
      return this.#only;
    }
    this.#bySource ??= bySource(this.#endings);
    return this.#bySource.get(source) ?? { endings: [], whole: null };
  }

  /** The way through some sinks; `includes`: whether the failure of single records is that of these. */
  #join(endings: readonly Ending[], includes: (ending: Ending) => boolean): Way {
    let outcome: LogOutcome = endings.length === 0 ? 'dropped' : 'delivered';
    // The dispatcher's word for logs that no sink selects.
    let failure: string | null = endings.length === 0 ? 'unrouted' : null;
    let endedAt = this.#batch.processedAt;
    const sends: TimedSend[] = [];
    for (const ending of endings) {
      endedAt = Math.max(endedAt, ending.send.endedAt);
      if (ending.outcome === 'buffered') {
        // Without an attempt there was no send.
        if (ending.send.attempts > 0) sends.push(ending.send);
        if (outcome === 'delivered') outcome = 'buffered';
        continue;
      }
      if (ending.failure === null || (ending.rows !== null && !includes(ending))) {
        sends.push(ending.send);
        continue;
      }
      sends.push({ ...ending.send, failure: ending.failure });
      if (OUTCOMES.indexOf(ending.outcome) > OUTCOMES.indexOf(outcome)) {
        outcome = ending.outcome;
        failure = ending.failure;
      }
    }
    return { sends, endedAt, outcome, failure };
  }
}

function bySource(endings: readonly Ending[]): ReadonlyMap<string, Route> {
  const routes = new Map<string, { readonly endings: Ending[]; whole: Way | null }>();
  for (const ending of endings) {
    for (const { stream } of ending.delivery.segments) {
      const route = routes.get(stream.source);
      if (route === undefined) routes.set(stream.source, { endings: [ending], whole: null });
      else if (route.endings.at(-1) !== ending) route.endings.push(ending);
    }
  }
  return routes;
}

/** Which records the sink did not take, where that is known: it named them, or took the first ones and no more. */
function rejectedRows(delivery: Delivery, taken: number): ReadonlySet<number> | null {
  const error = delivery.attempts.at(-1)?.error;
  if (error instanceof PartialError) return error.indexes === null ? null : new Set(error.indexes);
  if (delivery.accepted !== taken) return null;
  const rows = new Set<number>();
  let passed = 0;
  for (const { live, first, count } of delivery.segments) {
    const total = live?.length ?? count;
    for (let i = 0; i < total; i++) {
      if (passed++ >= taken) rows.add(live?.[i] ?? first + i);
    }
  }
  return rows;
}
