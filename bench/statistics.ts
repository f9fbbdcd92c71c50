/** Small statistics over repetitions. Called by the benchmarks. */

export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Median (mean of the two in the middle for an even number), smallest and largest. NaN for no values. */
export function summary(values: readonly number[]): Summary {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const low = sorted[Math.ceil(middle) - 1] ?? Number.NaN;
  const high = sorted[Math.floor(middle)] ?? Number.NaN;
  return { median: (low + high) / 2, min: sorted[0] ?? Number.NaN, max: sorted.at(-1) ?? Number.NaN };
}

/**
 * The median and the bounds within which the median of all such values lies with 95 % confidence at least: order
 * statistics, whose ranks follow from the binomial distribution (Conover, Practical Nonparametric Statistics, 3.2).
 * Fewer than six values allow no such bounds; the smallest and the largest stand in. NaN for no values. At most 1000 values.
 */
export function medianInterval(values: readonly number[]): [median: number, low: number, high: number] {
  const { median, min, max } = summary(values);
  const { length } = values;
  let below = 0;
  let tail = 2 ** -length;
  let chance = tail;
  while (tail <= 0.025) {
    below++;
    chance *= (length - below + 1) / below;
    tail += chance;
  }
  if (below === 0) return [median, min, max];
  const sorted = values.toSorted((a, b) => a - b);
  return [median, sorted[below - 1]!, sorted[length - below]!];
}

/** A copy in random order, so that slow drifts of the machine hit all alike. */
export function shuffled<T>(items: readonly T[], random: () => number = Math.random): T[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [result[last], result[other]] = [result[other]!, result[last]!];
  }
  return result;
}
