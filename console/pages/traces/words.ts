/** Reasons and outcomes as words, and the sign that each outcome has everywhere. */
import type { TraceList } from '../../api/shapes.ts';
import type { IconName } from '../../parts/icon.tsx';

export type Summary = TraceList['traces'][number];
export type Reason = NonNullable<Summary['reason']>;
export type Outcome = NonNullable<Summary['outcome']>;

export const REASONS: Readonly<Record<Reason, string>> = {
  mode: 'mode',
  on_demand: 'on demand',
  parent: 'parent',
  adaptive: 'adaptive',
  base_rate: 'base rate',
  tail_slow: 'slow',
  tail_failed: 'failed',
};

interface Sign {
  readonly word: string;
  readonly icon: IconName;
  readonly tone: 'ok' | 'bad' | 'dim' | 'acc';
  /** Fill of its bars. */
  readonly fill: { readonly class?: string; readonly fill?: string };
}

export const OUTCOMES: Readonly<Record<Outcome, Sign>> = {
  delivered: { word: 'delivered', icon: 'delivered', tone: 'ok', fill: { class: 'h-ink' } },
  filtered: { word: 'filtered', icon: 'filtered', tone: 'dim', fill: { fill: 'url(#p-filtered)' } },
  buffered: { word: 'buffered on disk', icon: 'filtered', tone: 'dim', fill: { fill: 'url(#p-filtered)' } },
  dead_lettered: { word: 'dead-lettered', icon: 'dead-lettered', tone: 'bad', fill: { fill: 'url(#p-bad)' } },
  dropped: { word: 'dropped', icon: 'dropped', tone: 'bad', fill: { class: 's-bad' } },
};

const BATCH: Sign = { word: 'batch', icon: 'box', tone: 'acc', fill: { class: 'h-gray' } };
const FAILED_BATCH: Sign = {
  word: 'batch with failures',
  icon: 'retry',
  tone: 'bad',
  fill: { fill: 'url(#p-bad)' },
};

export function signOf({ type, outcome, status }: Summary): Sign {
  if (type === 'system') return status.code === 'error' ? FAILED_BATCH : BATCH;
  return OUTCOMES[outcome ?? 'delivered'];
}
