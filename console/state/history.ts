/**
 * The last hour, one moment a reading: what charts draw. Fed by every reading; nothing leaves the browser. Keys are
 * `total/…`, `agent/…`, `source/<id>/…` and `sink/<id>/…`.
 */
import { effect, signal } from '@preact/signals';
import { isAnotherLife, latest, type Reading, recent } from './feed.ts';
import { growth, sinkOf, sourceOf } from './rates.ts';
import { Series, type Table, type Value } from './series.ts';

const CAPACITY = 3600;
const series = new Series(CAPACITY);
/** Counts the moments, so that charts know when to draw. */
const moments = signal(0);

export function startHistory(): void {
  let before: Reading | null = null;
  effect(() => {
    const reading = latest.value;
    if (reading === null) return;
    if (before !== null && isAnotherLife(before.status, reading.status)) series.clear();
    before = reading;
    series.add(reading.at / 1000, valuesOf(recent.peek(), reading));
    moments.value = moments.peek() + 1;
  });
}

/** @param seconds How far back. A component that calls it is drawn again with each reading. */
export function historyOf(keys: readonly string[], seconds: number): Table {
  void moments.value;
  return series.table(keys, (latest.peek()?.at ?? 0) / 1000 - seconds);
}

/** The last values of one key. */
export function tailOf(key: string, count: number): Value[] {
  void moments.value;
  return series.tail(key, count);
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
  for (const { id, ledger, streams } of status.sources) {
    values.set(
      `source/${id}/rate`,
      growth(pair, (each) => sourceOf(id)(each)?.ledger.read),
    );
    values.set(`source/${id}/in_flight`, ledger.in_flight);
    values.set(
      `source/${id}/lag`,
      streams.reduce((sum, { lag_bytes }) => sum + lag_bytes, 0),
    );
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

/** A detector's percentile; a gap when it has seen no log. */
function milliseconds(detector: { p99_seconds: number; logs: number } | undefined): Value {
  if (detector === undefined || (detector.logs === 0 && detector.p99_seconds === 0)) return null;
  return detector.p99_seconds * 1000;
}
