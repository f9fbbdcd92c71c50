/** Columns of numbers over the same steps of time, of which the oldest make room for the newest. Knows not what they mean. */

export interface Resolution {
  readonly stepSeconds: number;
  /** How many are kept. */
  readonly steps: number;
}

export class SeriesTable {
  readonly #resolution: Resolution;
  /** Rings; NaN is a gap. */
  readonly #columns = new Map<string, Float64Array>();
  readonly #times: Float64Array;
  #added = 0;

  constructor(resolution: Resolution) {
    this.#resolution = resolution;
    this.#times = new Float64Array(resolution.steps);
  }

  get stepSeconds(): number {
    return this.#resolution.stepSeconds;
  }

  /** Ends a step. Columns without a value have a gap; those that are all gaps are dropped. */
  add(time: number, values: ReadonlyMap<string, number>): void {
    const { steps } = this.#resolution;
    const at = this.#added++ % steps;
    this.#times[at] = time;
    for (const [key, column] of this.#columns) {
      column[at] = values.get(key) ?? Number.NaN;
      if (!values.has(key) && column.every(Number.isNaN)) this.#columns.delete(key);
    }
    for (const [key, value] of values) {
      if (this.#columns.has(key)) continue;
      const column = new Float64Array(steps).fill(Number.NaN);
      column[at] = value;
      this.#columns.set(key, column);
    }
  }

  /** The oldest first. */
  times(): number[] {
    return this.#ordered(this.#times);
  }

  /** By key, aligned with the times; null is a gap. */
  *columns(): Generator<[key: string, values: (number | null)[]]> {
    for (const [key, column] of this.#columns) {
      yield [key, this.#ordered(column).map((value) => (Number.isNaN(value) ? null : rounded(value)))];
    }
  }

  #ordered(ring: Float64Array): number[] {
    const { steps } = this.#resolution;
    if (this.#added <= steps) return [...ring.subarray(0, this.#added)];
    const at = this.#added % steps;
    return [...ring.subarray(at), ...ring.subarray(0, at)];
  }
}

/** Three decimals: more is noise. */
function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
