import { expect, test } from 'vitest';
import { FakeClock } from '../component/fake-clock.ts';
import { sampleStatus } from '../component/sample-status.ts';
import type { Batch } from '../record/batch.ts';
import type { Delivery } from '../record/delivery.ts';
import { LiveHistory } from './history.ts';
import { bucketOf, Latencies } from './latency.ts';
import { SeriesTable } from './series.ts';

const [source] = sampleStatus.sources;
const [sink] = sampleStatus.sinks;

function rig() {
  const clock = new FakeClock();
  let read = 0;
  let sources = [source!];
  const history = new LiveHistory({
    clock,
    logsTraced: () => read / 10,
    status: () => ({
      ...sampleStatus,
      sources: sources.map((each) => ({ ...each, ledger: { ...each.ledger, read } })),
      sinks: [sink!],
    }),
  });
  history.start();
  const pass = async (logs: number) => {
    read += logs;
    await clock.advance(1000);
  };
  return {
    clock,
    history,
    pass,
    remove: () => {
      sources = [];
    },
  };
}

test('second by second, from the first on', async () => {
  const { history, pass } = rig();
  await pass(10);
  await pass(20);
  await pass(0);
  const { step_seconds, times, sources, agent } = history.history('fine');
  expect(step_seconds).toBe(1);
  expect(times).toEqual([1, 2, 3].map((second) => 1_700_000_000_000 + second * 1000));
  expect(sources.nginx!.logs_per_second).toEqual([10, 20, 0]);
  expect(sources.nginx!.lag_bytes).toEqual([150, 150, 150]);
  expect(sources.nginx!.p99_ms).toEqual([null, null, null]);
  expect(agent.traced_per_second).toEqual([1, 2, 0]);
});

test('in steps of ten seconds for the hour', async () => {
  const { history, pass } = rig();
  for (let second = 0; second < 30; second++) await pass(5);
  const { step_seconds, sources } = history.history('coarse');
  expect([step_seconds, sources.nginx!.logs_per_second]).toEqual([10, [5, 5, 5]]);
});

test('latencies and errors of a sink, in the second in which they happened', async () => {
  const { clock, history, pass } = rig();
  await pass(0);
  const segment = { readAt: clock.now() - 100, count: 9, live: null };
  const failed = { startedAt: 0, endedAt: clock.now(), error: new Error('no') };
  const attempts = [failed, { startedAt: 0, endedAt: clock.now() }];
  const delivery = { sink: 'archive', segments: [segment], attempts } as unknown as Delivery;
  history.attempted({ ...delivery, attempts: [failed] });
  history.settled(delivery);
  await pass(0);
  await pass(0);
  const { sinks } = history.history('fine');
  expect(sinks.archive!.errors_per_second).toEqual([0, 1, 0]);
  const [, p99, after] = sinks.archive!.p99_ms!;
  expect(p99).toBeGreaterThanOrEqual(100);
  expect(p99).toBeLessThan(110);
  expect(after).toBeNull();
});

test('a source that was removed is forgotten as its steps pass', async () => {
  const { history, pass, remove } = rig();
  await pass(1);
  await pass(1);
  remove();
  await pass(1);
  expect(history.history('fine').sources.nginx!.logs_per_second).toEqual([1, 1, null]);
  for (let second = 0; second < 300; second++) await pass(1);
  expect(history.history('fine').sources).toEqual({});
});

test('percentiles are the upper ends of narrow buckets', () => {
  const latencies = new Latencies();
  latencies.add(bucketOf(10), 99);
  latencies.add(bucketOf(1000), 1);
  expect(latencies.percentile(0.5)).toBeGreaterThanOrEqual(10);
  expect(latencies.percentile(0.5)).toBeLessThan(10.95);
  expect(latencies.percentile(1)).toBeGreaterThanOrEqual(1000);
  expect(latencies.percentile(1)).toBeLessThan(1095);
  latencies.clear();
  expect(latencies.percentile(0.5)).toBeNaN();
});

test('the oldest steps make room for the newest', () => {
  const table = new SeriesTable({ stepSeconds: 1, steps: 3 });
  for (let i = 1; i <= 5; i++) table.add(i, new Map([['x', i * 10]]));
  expect(table.times()).toEqual([3, 4, 5]);
  expect([...table.columns()]).toEqual([['x', [30, 40, 50]]]);
});

test('errors of a sink, also of one that was removed and has come back', async () => {
  const clock = new FakeClock();
  let sinks = [sink!];
  const history = new LiveHistory({
    clock,
    logsTraced: () => 0,
    status: () => ({ ...sampleStatus, sources: [], sinks }),
  });
  history.start();
  const attempt = { startedAt: 0, endedAt: 1, error: new Error('down') };
  const fail = () => history.attempted({ sink: sink!.id, attempts: [attempt] } as unknown as Delivery);
  const second = () => clock.advance(1000);
  await second();
  for (let k = 0; k < 5; k++) fail();
  await second();
  sinks = [];
  await second();
  sinks = [sink!];
  await second();
  fail();
  await second();
  expect(history.history('fine').sinks[sink!.id]!.errors_per_second).toEqual([0, 5, null, 0, 1]);
});

test('what went to a disk buffer has no latency yet', async () => {
  const { history, pass } = rig();
  const segment = { stream: { source: source!.id }, index: 0, readAt: 0, count: 5, live: null };
  const delivery = {
    sink: sink!.id,
    segments: [segment],
    attempts: [{ startedAt: 0, endedAt: 100, error: new Error('down') }],
    stored: true,
  } as unknown as Delivery;
  history.settled(delivery);
  history.completed({ segments: [segment] } as unknown as Batch, [delivery]);
  await pass(5);
  const { sources, sinks } = history.history('fine');
  expect([sources[source!.id]!.p99_ms, sinks[sink!.id]!.p99_ms]).toEqual([[null], [null]]);
});
