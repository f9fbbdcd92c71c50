/**
 * Tail keeping: which logs of a finished batch get a trace although nobody chose them before, because they turned out
 * slow, were retried, or were dead-lettered or dropped. Called by the tracer when a batch is complete, in hybrid mode
 * only. Works on the times that are on the batch; the budget bounds what it adds.
 */
import type { Clock } from '../../component/clock.ts';
import { PartialError } from '../../component/errors.ts';
import type { Batch } from '../../record/batch.ts';
import type { Delivery } from '../../record/delivery.ts';
import { LastAttempts, NEVER } from '../../record/last-attempts.ts';
import { liveCount, type Segment } from '../../record/segment.ts';
import type { Traced } from '../../record/traced.ts';
import { TokenBucket } from '../decision/samplers/token-bucket.ts';
import type { TailSettings } from '../settings/settings.ts';
import { candidateRows } from './tail-rows.ts';

/** Logs of a segment to be traced after the fact; none of them is traced already. */
export interface TailPick {
  readonly segment: Segment;
  /** Ascending. */
  readonly rows: Uint32Array;
  readonly reason: 'tail_slow' | 'tail_failed';
}

/** What tail keeping asks about a segment. */
export interface TailQuestions {
  /** Whether it may be traced at all (`Decision.keepsTail`). */
  keeps(segment: Segment): boolean;
  /** What of it is traced already. */
  traced(segment: Segment): Pick<Traced, 'rows'> | null;
}

/** How logs of a segment ended, as far as that is a reason to keep them. */
interface Ending {
  readonly segment: Segment;
  /** When the last sink was done, or `NEVER`. */
  readonly endedAt: number;
  /** A disk buffer has taken it over: it is on its way still. */
  stored: boolean;
  /** All of its logs were retried or refused, or no sink was there to try. */
  failed: boolean;
  /** Batch indexes of single logs that were refused. */
  refused: number[] | null;
}

interface Candidate {
  readonly segment: Segment;
  readonly reason: TailPick['reason'];
  readonly left: Iterator<number, unknown>;
  readonly rows: number[];
}

export class TailKeeper {
  #settings: TailSettings;
  readonly #bucket: TokenBucket;
  readonly #lastAttempts = new LastAttempts();

  constructor(settings: TailSettings, clock: Pick<Clock, 'now'>) {
    this.#settings = settings;
    this.#bucket = new TokenBucket(settings.maxPerSecond, clock);
  }

  update(settings: TailSettings): void {
    this.#settings = settings;
    this.#bucket.perSecond = settings.maxPerSecond;
  }

  /**
   * The logs to trace after the fact. Spends the budget: one log of each segment first, failed ones before slow ones,
   * then more of the same segments.
   * @param deliveries all of the batch, settled.
   */
  keep(batch: Batch, deliveries: readonly Delivery[], questions: TailQuestions): TailPick[] {
    if (!this.#settings.enabled || !this.#mayKeep(batch, deliveries)) return [];
    const candidates: Candidate[] = [];
    for (const ending of endingsOf(batch, deliveries, this.#lastAttempts.of(batch, deliveries))) {
      const { segment } = ending;
      const reason = this.#reasonToKeep(ending);
      if (reason === null || !questions.keeps(segment)) continue;
      const among = ending.failed ? null : ending.refused;
      candidates.push({
        segment,
        reason,
        left: candidateRows(segment, questions.traced(segment), among),
        rows: [],
      });
    }
    if (candidates.length === 0) return [];
    candidates.sort((a, b) => Number(b.reason === 'tail_failed') - Number(a.reason === 'tail_failed'));
    for (let open = candidates; open.length > 0; ) {
      const more: Candidate[] = [];
      for (const candidate of open) {
        const { done, value } = candidate.left.next();
        if (done === true) continue;
        if (this.#bucket.take(1) === 0) return picks(candidates);
        candidate.rows.push(value);
        more.push(candidate);
      }
      open = more;
    }
    return picks(candidates);
  }

  /** Whether anything of the batch failed or was slow: a look at few numbers, as nearly all batches did not and were not. */
  #mayKeep({ segments }: Batch, deliveries: readonly Delivery[]): boolean {
    let endedAt = NEVER;
    for (const { attempts, stored } of deliveries) {
      const [first] = attempts;
      if (stored || first === undefined || first.error !== undefined || attempts.length > 1) return true;
      endedAt = Math.max(endedAt, first.endedAt);
    }
    // A segment that no sink selects was dropped.
    if (!deliveries.some((delivery) => delivery.segments.length === segments.length)) return true;
    const { slowMs } = this.#settings;
    return segments.some(({ readAt }) => endedAt - readAt >= slowMs);
  }

  #reasonToKeep({ segment, endedAt, failed, refused }: Ending): TailPick['reason'] | null {
    if (liveCount(segment) === 0) return null;
    if (failed || refused !== null) return 'tail_failed';
    return endedAt - segment.readAt >= this.#settings.slowMs ? 'tail_slow' : null;
  }
}

function endingsOf({ segments }: Batch, deliveries: readonly Delivery[], endings: Float64Array): Ending[] {
  const all = segments.map(
    (segment): Ending => ({
      segment,
      endedAt: endings[segment.index]!,
      stored: false,
      failed: false,
      refused: null,
    }),
  );
  for (const delivery of deliveries) {
    if (delivery.stored) for (const { index } of delivery.segments) all[index]!.stored = true;
    const last = delivery.attempts.at(-1);
    if (last === undefined) continue;
    const { error } = last;
    const partial = error instanceof PartialError ? error : null;
    const failed = delivery.attempts.length > 1 || (error !== undefined && partial === null);
    // Where the destination did not say which it refused, the ledger lays them to the first; so does this.
    let unnamed = partial !== null && partial.indexes === null ? partial.count : 0;
    for (const { index } of delivery.segments) {
      const ending = all[index]!;
      ending.failed ||= failed;
      if (unnamed > 0) {
        const refused = Math.min(unnamed, liveCount(ending.segment));
        unnamed -= refused;
        ending.refused = [...(ending.refused ?? []), ...firstRows(ending.segment, refused)];
      }
    }
    if (partial !== null && partial.indexes !== null) layToSegments(all, partial.indexes);
  }
  for (const ending of all) ending.failed ||= ending.endedAt === NEVER && !ending.stored;
  return all;
}

/** Segments lie in the batch in order, so one walk over both finds the segment of every refused record. */
function layToSegments(all: readonly Ending[], indexes: readonly number[]): void {
  const sorted = indexes.toSorted((a, b) => a - b);
  let next = 0;
  for (const ending of all) {
    const { first, count } = ending.segment;
    const from = next;
    while (next < sorted.length && sorted[next]! < first + count) next++;
    if (next > from) ending.refused = [...(ending.refused ?? []), ...sorted.slice(from, next)];
  }
}

function firstRows({ first, live }: Segment, count: number): number[] {
  return Array.from({ length: count }, (_, i) => (live === null ? first + i : live[i]!));
}

function picks(candidates: readonly Candidate[]): TailPick[] {
  return candidates
    .filter(({ rows }) => rows.length > 0)
    .map(({ segment, reason, rows }) => ({ segment, reason, rows: Uint32Array.from(rows) }));
}
