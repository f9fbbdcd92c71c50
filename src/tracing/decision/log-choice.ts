/**
 * Chooses which logs of a batch are traced, segment by segment, once processors are done: asks the decision, draws rows,
 * looks at the contexts that came with logs, and at single logs only where a rule says `where`. Sets `segment.traced`,
 * which sinks stamp; the groups it returns are what spans are made of when the batch is complete. Called by the tracer.
 */
import type { Kernel } from '../../kernel/kernel.ts';
import type { IdSeed } from '../../kernel/trace-ids.ts';
import type { Batch } from '../../record/batch.ts';
import type { Segment } from '../../record/segment.ts';
import { ContextFlag, ContextRow, type Traced } from '../../record/traced.ts';
import type { Reason } from '../mode.ts';
import type { TracingSettings } from '../settings/settings.ts';
import type { ContextReader, Contexts } from './context-reader.ts';
import type { Decision } from './decision.ts';
import { narrowRows, selectRows, thresholdOf, traceStateOf } from './selection.ts';
import type { Verdict } from './verdict.ts';

/** Traced logs of one segment that have the same reason. */
export interface Group {
  readonly segment: Segment;
  /** Indexes in the batch, ascending; null: every live row of the segment. */
  readonly rows: Uint32Array | null;
  /** How many; more than 0. */
  readonly count: number;
  /** They were filtered out by a processor: no sink ever sees them. */
  readonly filtered: boolean;
  readonly reason: Reason;
  /** Of the ids drawn; 0: all ids. */
  readonly threshold: bigint;
  /** W3C tracestate; empty: none. */
  readonly traceState: string;
  /** Of the on-demand rule; empty: none. */
  readonly note: string;
  /** Which came with a context; `some`: look at each. Unless it is none, the slot's `contexts` column is filled for them. */
  readonly contexts: Contexts;
}

/** A group whose contexts may not be read yet. */
type Choice = { -readonly [Key in keyof Group]: Group[Key] };

type StampSettings = Pick<TracingSettings, 'incoming' | 'stamp'>;

/** Rows to choose from: as of a segment. */
type Rows = Pick<Segment, 'first' | 'count' | 'live'>;

/** Bytes of a log that a rule's `where` sees. */
const WHERE_BYTES = 4096;

export interface LogChoiceOptions {
  readonly kernel: Pick<Kernel, 'bytes'>;
  readonly decision: Decision;
  readonly contexts: ContextReader;
  /** Numbers from 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number;
}

export class LogChoice {
  readonly #kernel: Pick<Kernel, 'bytes'>;
  readonly #decision: Decision;
  readonly #contexts: ContextReader;
  readonly #random: () => number;
  /** Big integers are slow to make, and rates seldom change. */
  #weight = { rate: 1, threshold: 0n, traceState: traceStateOf(0n) };

  constructor({ kernel, decision, contexts, random }: LogChoiceOptions) {
    this.#kernel = kernel;
    this.#decision = decision;
    this.#contexts = contexts;
    this.#random = random;
  }

  /**
   * @param ids what ids of the batch's rows are made of.
   * @throws what a part of it throws; no segment is marked as traced then.
   */
  choose(batch: Batch, ids: IdSeed, settings: StampSettings): Group[] {
    const all: Group[] = [];
    try {
      for (const segment of batch.segments) {
        const chosen = this.#chooseOf(batch, segment, settings.incoming !== 'ignore');
        if (chosen.length === 0) continue;
        const groups = drawnAlike(chosen);
        segment.traced = tracedOf(groups, ids, settings);
        all.push(...groups);
      }
    } catch (error) {
      for (const segment of batch.segments) segment.traced = null;
      throw error;
    }
    return all;
  }

  /** @param readsContexts whether contexts that came with logs play a part. */
  #chooseOf(batch: Batch, segment: Segment, readsContexts: boolean): readonly Group[] {
    const verdict = this.#decision.decide(segment, batch.processedAt);
    const saysSampled = readsContexts && verdict.honourParent && this.#contexts.readSampled(batch, segment);
    if (verdict.rate <= 0 && !saysSampled) return NONE;
    const groups: Choice[] = [];
    const filtered = filteredOf(segment);
    for (const rows of filtered === null ? [segment] : [segment, filtered]) {
      const kind = { segment, filtered: rows === filtered };
      if (saysSampled) {
        const { sampled, others } = divideByContext(batch, rows);
        const parents = sampled.subarray(0, this.#decision.takeParents(sampled.length));
        if (parents.length > 0) {
          const choice = { rows: parents, count: parents.length, reason: 'parent', contexts: 'all' } as const;
          groups.push({ ...kind, ...UNWEIGHTED, ...choice });
        }
        // Among those whose context says nothing.
        this.#choose(batch, { ...rows, live: others }, verdict, { ...kind, contexts: 'some' }, groups);
      } else {
        this.#choose(batch, rows, verdict, { ...kind, contexts: 'none' }, groups);
      }
    }
    if (saysSampled) return groups;
    for (const choice of groups) {
      if (readsContexts) choice.contexts = this.#contexts.read(batch, segment, choice.rows ?? segment.live);
    }
    return groups;
  }

  /** Adds the group that the verdict's rate and rule choose from the rows, if any. */
  #choose(
    batch: Batch,
    from: Rows,
    verdict: Verdict,
    kind: Pick<Group, 'segment' | 'filtered' | 'contexts'>,
    groups: Choice[],
  ): void {
    const { rule, rate, reason } = verdict;
    let rows = selectRows(from, rate, this.#random);
    let cut = false;
    if (rule !== null && (rule.where !== null || rule.remainingTraces < Number.POSITIVE_INFINITY)) {
      const { where, remainingTraces } = rule;
      const passes = where && ((row: number) => where(this.#textOf(batch, row), severityOf(batch, row)));
      rows = narrowRows(from, rows, remainingTraces, passes);
      cut = rows.length >= remainingTraces;
    }
    const count = rows?.length ?? from.live?.length ?? from.count;
    if (count === 0) return;
    this.#decision.traced(verdict, count);
    // Null is understood as the segment's own live rows.
    if (rows === null && from !== kind.segment) rows = from.live;
    // Of logs that were cut off at a number nobody knows how many each stands for.
    const { threshold, traceState } = cut ? UNWEIGHTED : this.#weightOf(rate);
    const { segment, filtered, contexts } = kind;
    const note = rule?.note ?? '';
    groups.push({ segment, filtered, rows, count, reason, threshold, traceState, note, contexts });
  }

  #weightOf(rate: number): { threshold: bigint; traceState: string } {
    if (rate !== this.#weight.rate) {
      const threshold = thresholdOf(rate);
      this.#weight = { rate, threshold, traceState: traceStateOf(threshold) };
    }
    return this.#weight;
  }

  #textOf({ slot }: Batch, row: number): string {
    const start = slot.starts[row]!;
    return this.#kernel.bytes.toString('utf8', start, start + Math.min(slot.lengths[row]!, WHERE_BYTES));
  }
}

const NONE: readonly Group[] = [];
const UNWEIGHTED = { threshold: 0n, traceState: '', note: '' };

/** Live rows of the groups, which are of one segment; null: all of it. */
export function liveRowsOf(groups: readonly Group[]): Uint32Array | null {
  const live = groups.filter((group) => !group.filtered);
  if (live.length === 1) return live[0]!.rows;
  // Of several groups each has rows of its own.
  return Uint32Array.from(live.flatMap(({ rows }) => [...rows!])).sort();
}

/**
 * With ids drawn alike in all live groups, as sinks stamp them alike: as those of the last one, because logs that are traced
 * for their parents, which have no threshold, come before those that a rate chose. What they are weighted by stays.
 */
function drawnAlike(groups: readonly Group[]): readonly Group[] {
  const last = groups.findLast((group) => !group.filtered);
  if (last === undefined || groups.length === 1) return groups;
  const { threshold } = last;
  return groups.map((group) => (group.filtered ? group : { ...group, threshold }));
}

/** What sinks stamp; null when there are only filtered logs. */
function tracedOf(groups: readonly Group[], ids: IdSeed, { incoming, stamp }: StampSettings): Traced | null {
  let last: Group | null = null;
  let count = 0;
  let hasContexts = false;
  for (const group of groups) {
    if (group.filtered) continue;
    last = group;
    count += group.count;
    hasContexts ||= group.contexts !== 'none';
  }
  if (last === null) return null;
  return {
    prefix: ids.prefix,
    seed: ids.seed,
    rows: count === last.count ? last.rows : liveRowsOf(groups),
    count,
    threshold: last.threshold,
    hasContexts: hasContexts && incoming === 'parent',
    stamp,
  };
}

/** The rows of a segment that processors did not let through; null: none. */
function filteredOf({ first, count, live }: Segment): Rows | null {
  if (live === null || live.length === count) return null;
  const filtered = new Uint32Array(count - live.length);
  let next = 0;
  let at = 0;
  for (let row = first; row < first + count; row++) {
    if (live[next] === row) next++;
    else filtered[at++] = row;
  }
  return { first, count, live: filtered };
}

/**
 * Rows whose context says sampled, and rows without a context or with one that says nothing; those whose context says
 * not sampled are neither.
 */
function divideByContext(
  { slot }: Batch,
  { first, count, live }: Rows,
): { sampled: Uint32Array; others: Uint32Array } {
  const total = live?.length ?? count;
  const sampled = new Uint32Array(total);
  const others = new Uint32Array(total);
  let sampledCount = 0;
  let othersCount = 0;
  for (let i = 0; i < total; i++) {
    const row = live === null ? first + i : live[i]!;
    const at = row * ContextRow.size;
    const flags = slot.contexts[at + ContextRow.flags]!;
    const says = slot.contexts[at + ContextRow.present] !== 0 && (flags & ContextFlag.unknown) === 0;
    if (!says) others[othersCount++] = row;
    else if ((flags & ContextFlag.sampled) !== 0) sampled[sampledCount++] = row;
  }
  return { sampled: sampled.subarray(0, sampledCount), others: others.subarray(0, othersCount) };
}

function severityOf({ hasSeverities, slot }: Batch, row: number): number {
  return hasSeverities ? slot.severities[row]! : 0;
}
