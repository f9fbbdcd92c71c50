import type { Segment } from '../../record/segment.ts';
import type { Traced } from '../../record/traced.ts';

/**
 * Rows of a segment that may be traced after the fact, one at a time and ascending, so that a budget of ten looks at
 * ten of fifty thousand: live, and not traced already.
 * @param among only these batch indexes; null: all of the segment.
 */
export function* candidateRows(
  { first, count, live }: Segment,
  traced: Pick<Traced, 'rows'> | null,
  among: readonly number[] | null,
): Generator<number> {
  if (traced?.rows === null) return;
  const isTraced = new Set(traced?.rows ?? []);
  const isLive = among === null || live === null ? null : new Set(live);
  const rows = among === null ? (live ?? range(first, count)) : [...new Set(among)].sort((a, b) => a - b);
  for (const row of rows) {
    if (isTraced.has(row) || isLive?.has(row) === false) continue;
    yield row;
  }
}

function* range(first: number, count: number): Generator<number> {
  for (let row = first; row < first + count; row++) yield row;
}
