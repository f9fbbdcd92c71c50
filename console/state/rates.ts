/** How fast counters grow, from the last few readings. */
import { type Reading, recent } from './feed.ts';

/** Per second, by the agent's own clock; null until there are two readings, or when the counter is not there. */
export function growth(
  readings: readonly Reading[],
  counter: (reading: Reading) => number | undefined,
): number | null {
  const first = readings[0];
  const last = readings.at(-1);
  if (first === undefined || last === undefined) return null;
  const seconds = last.status.uptime_seconds - first.status.uptime_seconds;
  const before = counter(first);
  const after = counter(last);
  if (before === undefined || after === undefined || seconds <= 0) return null;
  return Math.max(0, (after - before) / seconds);
}

/** The same of the readings now; a component that calls it is drawn again with each. */
export function perSecond(counter: (reading: Reading) => number | undefined): number | null {
  return growth(recent.value, counter);
}

export const sourceOf = (id: string) => (reading: Reading) =>
  reading.status.sources.find((each) => each.id === id);
export const sinkOf = (id: string) => (reading: Reading) =>
  reading.status.sinks.find((each) => each.id === id);
