/** What the agent remembers (`GET /api/history`) as columns of the console's keys, joined with the readings since. Pure. */
import type { History } from '../api/shapes.ts';
import type { Series, Table, Value } from './series.ts';

export interface Past {
  /** Seconds since 1970, the oldest first. */
  readonly times: readonly number[];
  readonly columns: ReadonlyMap<string, readonly Value[]>;
}

/** The agent's names of columns, and the console's. */
const NAMES: Readonly<Record<string, string>> = {
  logs_per_second: 'rate',
  in_flight: 'in_flight',
  lag_bytes: 'lag',
  p50_ms: 'p50',
  p99_ms: 'p99',
};

/** @param answers Each of a shorter time and in finer steps than the one before, which it replaces from its beginning on. */
export function pastOf(answers: readonly History[]): Past {
  let past: Past = { times: [], columns: new Map() };
  for (const answer of answers) past = continued(past, answer);
  return past;
}

function continued(before: Past, { times: millis, agent, sources, sinks }: History): Past {
  const times = millis.map((ms) => ms / 1000);
  const kept = before.times.filter((at) => at < (times[0] ?? Number.POSITIVE_INFINITY)).length;
  const columns = new Map<string, readonly Value[]>();
  const named = [
    ['agent', agent] as const,
    ...Object.entries(sources).map(([id, each]) => [`source/${id}`, each] as const),
    ...Object.entries(sinks).map(([id, each]) => [`sink/${id}`, each] as const),
  ];
  for (const [prefix, values] of named) {
    for (const [name, column] of Object.entries(values)) {
      const key = `${prefix}/${NAMES[name] ?? name}`;
      const earlier = before.columns.get(key)?.slice(0, kept) ?? Array<Value>(kept).fill(null);
      columns.set(key, [...earlier, ...column]);
    }
  }
  return { times: [...before.times.slice(0, kept), ...times], columns };
}

/**
 * Both on one axis: what the agent remembers, and the readings after it. Where the agent has no such column the readings
 * stand alone.
 * @param from Seconds since 1970.
 */
export function joined(past: Past, own: Series, keys: readonly string[], from: number): Table {
  const remembered = keys.some((key) => past.columns.has(key));
  const end = past.times.at(-1);
  if (!remembered || end === undefined) return own.table(keys, from);
  const start = past.times.findIndex((at) => at >= from);
  const first = start < 0 ? past.times.length : start;
  const [times, ...values] = own.table(keys, Math.max(from, end + 0.001));
  // What the agent does not remember comes from the readings of the same time.
  const during = own.table(keys, past.times[first] ?? end);
  return [
    [...past.times.slice(first), ...times],
    ...keys.map((key, index) => [
      ...(past.columns.get(key)?.slice(first) ?? resampled(past.times.slice(first), during, index)),
      ...values[index]!,
    ]),
  ];
}

/** The readings at other moments: each time the last reading before it. */
function resampled(times: readonly number[], [at, ...columns]: Table, index: number): Value[] {
  let place = 0;
  return times.map((time) => {
    while (place < at.length && at[place]! <= time) place++;
    const reading = at[place - 1];
    return reading === undefined || time - reading > 2 ? null : columns[index]![place - 1]!;
  });
}
