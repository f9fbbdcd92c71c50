/**
 * The time before now, for charts: what the agent remembers of the time before the page was open, and every reading since.
 * Keys are `total/…`, `agent/…`, `source/<id>/…` and `sink/<id>/…`. Bounded; it leaves the browser with the page.
 */
import { effect, signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { ApiError, get } from '../api/client.ts';
import type { History } from '../api/shapes.ts';
import { isAnotherLife, latest, type Reading, recent } from './feed.ts';
import { joined, pastOf } from './past.ts';
import { growth, sinkOf, sourceOf } from './rates.ts';
import { Series, type Table, type Value } from './series.ts';

/** Readings kept: no chart goes further back than a quarter of an hour. */
const CAPACITY = 900;
/** How often the agent's memory is asked for while something is drawn of it, in milliseconds. */
const ASK_EVERY_MS = 10_000;

const own = new Series(CAPACITY);
let past = pastOf([]);
/** Counts the changes, so that charts know when to draw. */
const changes = signal(0);
/** Components that draw. */
let watchers = 0;
let offered = true;

export function startHistory(): void {
  let before: Reading | null = null;
  effect(() => {
    const reading = latest.value;
    if (reading === null) return;
    if (before !== null && isAnotherLife(before.status, reading.status)) {
      own.clear();
      past = pastOf([]);
      void ask();
    }
    before = reading;
    // The first reading has no rates yet.
    if (recent.peek().length < 2) return;
    own.add(reading.at / 1000, valuesOf(recent.peek(), reading));
    changes.value = changes.peek() + 1;
  });
  setInterval(() => {
    if (watchers > 0 && !document.hidden) void ask();
  }, ASK_EVERY_MS);
}

/** For components that draw from the history: keeps what the agent remembers fresh while they are shown. */
export function useHistory(): void {
  useEffect(() => {
    if (watchers++ === 0) void ask();
    return () => void watchers--;
  }, []);
}

/** @param seconds How far back. A component that calls it is drawn again with each reading. */
export function historyOf(keys: readonly string[], seconds: number): Table {
  void changes.value;
  const from = (latest.peek()?.at ?? 0) / 1000 - seconds;
  return joined(past, own, keys, from);
}

/** The values of one key over the last seconds. */
export function tailOf(key: string, seconds: number): Value[] {
  return historyOf([key], seconds)[1] ?? [];
}

/** The last value that is known, not older than some seconds. */
export function lastOf(key: string, seconds = 30): Value {
  return tailOf(key, seconds).findLast((value) => value !== null) ?? null;
}

async function ask(): Promise<void> {
  if (!offered) return;
  try {
    const [coarse, fine] = await Promise.all([
      get<History>('api/history?range=1h'),
      get<History>('api/history?range=5m'),
    ]);
    past = pastOf([coarse, fine]);
    changes.value = changes.peek() + 1;
  } catch (error) {
    if (error instanceof ApiError && error.missing) offered = false;
  }
}

function valuesOf(readings: readonly Reading[], { status, tracing }: Reading): Map<string, Value> {
  // Of the last two only: a chart shows each second as it was.
  const pair = readings.slice(-2);
  const values = new Map<string, Value>();
  const { adaptive_sampling: adaptive } = tracing;
  values.set(
    'total/traced',
    growth(pair, (each) => each.tracing.logs_traced),
  );
  values.set('agent/p99', milliseconds(adaptive.agent));
  values.set('agent/active', Number(adaptive.agent.active));
  for (const source of status.sources) {
    const { id, ledger } = source;
    values.set(
      `source/${id}/rate`,
      growth(pair, (each) => sourceOf(id)(each)?.ledger.read),
    );
    values.set(`source/${id}/in_flight`, ledger.in_flight);
    values.set(`source/${id}/lag`, lagOf(source));
    values.set(`source/${id}/p99`, milliseconds(adaptive.sources[id]));
    values.set(`source/${id}/active`, Number(adaptive.sources[id]?.active ?? false));
  }
  for (const { id, ledger } of status.sinks) {
    values.set(
      `sink/${id}/rate`,
      growth(pair, (each) => sinkOf(id)(each)?.ledger.delivered),
    );
    values.set(`sink/${id}/in_flight`, ledger.in_flight);
    values.set(`sink/${id}/p99`, milliseconds(adaptive.sinks[id]));
    values.set(`sink/${id}/active`, Number(adaptive.sinks[id]?.active ?? false));
  }
  return values;
}

/** Bytes of all streams that are not read; the event stream leaves streams out and says their sum. */
export function lagOf(source: Reading['status']['sources'][number]): number {
  return source.lag_bytes ?? source.streams.reduce((sum, { lag_bytes }) => sum + lag_bytes, 0);
}

/** A detector's percentile; a gap when it has seen no log. */
function milliseconds(detector: { p99_seconds: number; logs: number } | undefined): Value {
  if (detector === undefined || (detector.logs === 0 && detector.p99_seconds === 0)) return null;
  return detector.p99_seconds * 1000;
}
