/** The seven verdicts: heading, sign, colour, and what each means in a few words. */
import type { WhereResult } from '../../api/shapes.ts';
import type { IconName } from '../../parts/icon.tsx';

export type Line = WhereResult['others'][number];
export type Verdict = Line['verdict'];

interface Sign {
  readonly word: string;
  readonly icon: IconName;
  readonly tone: 'ok' | 'wait' | 'dead' | 'plain';
  readonly means: string;
}

export const VERDICTS: Readonly<Record<Verdict, Sign>> = {
  delivered: { word: 'Delivered', icon: 'delivered', tone: 'ok', means: 'every sink acknowledged it' },
  in_flight: { word: 'In flight', icon: 'waiting', tone: 'wait', means: 'which stage, how long, why' },
  not_read_yet: { word: 'Not read yet', icon: 'ahead', tone: 'wait', means: 'bytes ahead of it, time to go' },
  filtered: { word: 'Filtered', icon: 'filtered', tone: 'plain', means: 'by which processor' },
  dead_lettered: {
    word: 'Dead-lettered',
    icon: 'dead-lettered',
    tone: 'dead',
    means: 'why, and where it is kept',
  },
  dropped: { word: 'Dropped', icon: 'dropped', tone: 'dead', means: 'the counted reason' },
  unknown: { word: 'Unknown', icon: 'unknown', tone: 'plain', means: 'from before the agent began' },
};

/** It may still change: what can be followed. */
export function isOpen({ verdict }: Line): boolean {
  return verdict === 'in_flight' || verdict === 'not_read_yet';
}
