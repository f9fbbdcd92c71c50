/** What the verdicts about a line have in common: their shape, what they are told, and how they put times. */
import type { Clock } from '../component/clock.ts';
import type { LineAnswer, StageAnswer } from './answer.ts';
import type { SinkStatus, SourceLedger } from './knowledge.ts';

/** What a verdict says, without where the line is. */
export type Finding = Pick<
  LineAnswer,
  'verdict' | 'basis' | 'explanation' | 'sinks' | 'stages' | 'batch' | 'ahead' | 'filtered_by'
>;

export interface VerdictContext {
  readonly clock: Pick<Clock, 'now' | 'toEpoch'>;
  /** Of the configured source. */
  readonly source: string;
  readonly sinkStatus: (id: string) => SinkStatus | undefined;
  readonly ledger: (source: string) => SourceLedger | undefined;
  /** How many logs went to the sink's disk buffer in this run. */
  readonly bufferedNow: (sink: string) => number;
}

export function filtered(
  by: string,
  shared: Pick<Finding, 'batch' | 'stages'>,
  { source }: VerdictContext,
): Finding {
  const explanation = `${by} of ${source} removed it. It was sent nowhere.`;
  return { verdict: 'filtered', basis: 'seen', explanation, filtered_by: by, sinks: [], ...shared };
}

const NAMES = ['read', 'queued', 'processed'] as const;

export function stages(
  first: readonly number[],
  last: readonly number[],
  context: VerdictContext,
): StageAnswer[] {
  return first.map((at, i) => ({ name: NAMES[i]!, ...between(at, last[i]!, context) }));
}

export function doneStage(
  first: readonly number[],
  last: readonly number[],
  context: VerdictContext,
): StageAnswer[] {
  if (last.length === 0) return [];
  return [{ name: 'done', ...between(Math.max(...first), Math.max(...last), context) }];
}

function between(from: number, to: number, context: VerdictContext): { at: string; until?: string } {
  return { at: iso(from, context), ...(to > from && { until: iso(to, context) }) };
}

export function withDurations(list: readonly StageAnswer[]): StageAnswer[] {
  return list.map((stage, i) => {
    const before = list[i - 1];
    if (before === undefined || before.until !== undefined || stage.until !== undefined) return stage;
    return { ...stage, took_ms: Date.parse(stage.at) - Date.parse(before.at) };
  });
}

export function reasonOf(reason: string): { reason?: string } {
  return reason === '' ? {} : { reason };
}

export function iso(monotonic: number, { clock }: VerdictContext): string {
  return new Date(clock.toEpoch(monotonic)).toISOString();
}

/** Milliseconds to the microsecond. */
export function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
