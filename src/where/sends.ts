/** How far the logs of a delivery have come with its sink. Kept by the journal while the batch is in flight. */
import type { Segment } from '../record/segment.ts';
import type { End } from './passage.ts';

export interface SendState {
  /** The last attempt failed; monotonic milliseconds of the next. */
  readonly retryAt?: number;
  /** The sink is done with it. */
  readonly settled?: Settled;
}

export interface Settled {
  /** Monotonic milliseconds. */
  readonly at: number;
  /** Of the records that were not delivered; `delivered`: there are none. */
  readonly end: End;
  readonly reason: string;
  /** Logs that had gone to the sink's disk buffer in this run, these included. */
  readonly bufferedBy: number;
  /** How many records were not delivered. */
  readonly lost: number;
  /** Their rows in the batch, where they are known and not all. */
  readonly rows: readonly number[] | null;
}

/** Places within the segment of the rows that are in it; null: it is not known which rows they are. */
export function refusedPlaces(
  { first, count }: Pick<Segment, 'first' | 'count'>,
  rows: readonly number[] | null,
): number[] | null {
  if (rows === null) return null;
  return rows
    .filter((row) => row >= first && row < first + count)
    .map((row) => row - first)
    .sort((a, b) => a - b);
}
