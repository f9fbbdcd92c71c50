/** When adaptive sampling was on, from readings of its state. Times are seconds since 1970. Pure; adaptive.tsx draws it. */
import type { Value } from '../../state/series.ts';

export interface Activation {
  readonly from: number;
  readonly to: number;
  /** Whether its beginning and its end are known, and lie inside what is shown. */
  readonly began: boolean;
  readonly ended: boolean;
}

/**
 * @param active 1 while on, one for each time.
 * @param start Where the chart begins.
 * @param now The detector's state, which knows since when it is on even if nobody looked then.
 */
export function activations(
  times: readonly number[],
  active: readonly Value[],
  start: number,
  now: { readonly active: boolean; readonly since?: string | undefined },
): Activation[] {
  const found: { from: number; to: number; began: boolean; ended: boolean }[] = [];
  let open: (typeof found)[number] | null = null;
  for (const [index, at] of times.entries()) {
    const on = active[index] === 1;
    if (on && open === null) {
      open = { from: at, to: at, began: index > 0, ended: false };
      found.push(open);
    } else if (!on && open !== null) {
      open.to = at;
      open.ended = true;
      open = null;
    } else if (open !== null) open.to = at;
  }
  const since = now.since === undefined ? Number.NaN : Date.parse(now.since) / 1000;
  if (open !== null && now.active && since <= open.to) {
    open.from = Math.max(start, since);
    open.began = since > start;
  }
  return found;
}
