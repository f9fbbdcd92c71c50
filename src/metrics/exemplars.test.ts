import { expect, test } from 'vitest';
import { type TracedLog, withExemplars } from './exemplars.ts';
import { Histogram } from './histogram.ts';

function histogram(...observed: number[]): Histogram {
  const made = new Histogram([1, 10]);
  for (const value of observed) made.observe(value);
  return made;
}

const log = (source: string, id: string, seconds: number): TracedLog => ({
  source,
  traceId: () => id,
  seconds,
  endedAtMs: 5000,
});

test('each bucket has the newest log of its source whose value lies in it', () => {
  const latencies = new Map([
    ['a', histogram(0.5, 1, 20)],
    ['b', histogram(5)],
  ]);
  const logs = [log('a', 'new', 1), log('a', 'old', 0.5), log('b', 'other', 5), log('a', 'slow', 20)];
  const found = withExemplars(latencies, logs);
  const ids = (source: string) => found.get(source)!.exemplars!.map((one) => one?.labelSet.trace_id);
  expect(ids('a')).toEqual(['new', undefined, 'slow']);
  expect(ids('b')).toEqual([undefined, 'other', undefined]);
  expect(found.get('a')!.exemplars![0]).toEqual({ labelSet: { trace_id: 'new' }, value: 1, timestamp: 5 });
});

test('a bucket without observations has none, nor has a source that is not exposed', () => {
  const found = withExemplars(new Map([['a', histogram(0.5)]]), [log('a', 'x', 5), log('gone', 'y', 0.5)]);
  expect(found.get('a')!.exemplars).toEqual([undefined, undefined, undefined]);
});

test('it stops to look when every bucket has one, and draws no id it does not need', () => {
  let looked = 0;
  let drawn = 0;
  function* logs(): Generator<TracedLog> {
    for (;;) {
      looked++;
      yield { ...log('a', 'x', 0.5), traceId: () => `id ${++drawn}` };
    }
  }
  withExemplars(new Map([['a', histogram(0.5)]]), logs());
  expect([looked, drawn]).toEqual([2, 1]);
});

test('counts stay as they are', () => {
  const latencies = histogram(0.5, 0.7, 20);
  const shown = withExemplars(new Map([['a', latencies]]), []).get('a')!;
  expect([shown.counts, shown.sum, shown.bounds]).toEqual([
    latencies.counts,
    latencies.sum,
    latencies.bounds,
  ]);
});
