import { expect, test } from 'vitest';
import type { Delivery } from '../../record/delivery.ts';
import { batchOf, deliveryOf, segmentOf, streamOf } from '../decision/decision.fixture.ts';
import { AdaptiveObserver } from './adaptive-observer.ts';

function setUp(enabled = true, bufferAges: Readonly<Record<string, number>> = {}) {
  const calls: string[] = [];
  const sampler = {
    enabled,
    record: (source: string, ms: number, count: number) => calls.push(`${source} ${ms} ${count}`),
    recordSink: (sink: string, ms: number, count: number) => calls.push(`-> ${sink} ${ms} ${count}`),
    recordAttempt: (sink: string, failed: boolean) => calls.push(`attempt ${sink} ${failed}`),
  };
  const routes: Record<string, string[]> = { app: ['loki', 'file'], db: ['file'], lost: [] };
  return {
    calls,
    observer: new AdaptiveObserver(
      sampler,
      (source) => routes[source] ?? [],
      () => new Map(Object.entries(bufferAges)),
    ),
  };
}

test('a latency ends with the last attempt: of the sink for the sink, of the last sink for the source', () => {
  const { calls, observer } = setUp();
  const app = segmentOf({ readAt: 100, count: 10, live: Uint32Array.of(1, 2, 3) });
  const db = segmentOf({ stream: streamOf('/db', 'db'), index: 1, first: 10, count: 5, readAt: 50 });
  const batch = batchOf([app, db]);
  observer.completed(batch, [
    deliveryOf(batch, 'loki', [[200, new Error('busy')], [900]], [app]),
    deliveryOf(batch, 'file', [[300]]),
  ]);
  expect(calls).toEqual(['-> loki 800 3', '-> file 200 3', '-> file 250 5', 'app 800 3', 'db 250 5']);
});

test('logs that no sink tried to send have no latency', () => {
  const { calls, observer } = setUp();
  const batch = batchOf([segmentOf({ stream: streamOf('/x', 'lost') })]);
  observer.completed(batch, []);
  expect(calls).toEqual([]);
});

test('nothing is measured while adaptive sampling is not enabled', () => {
  const { calls, observer } = setUp(false);
  const batch = batchOf([segmentOf()]);
  observer.completed(batch, [deliveryOf(batch, 'loki', [[5000]])]);
  expect(calls).toEqual([]);
});

test('attempts are told as they end', () => {
  const { calls, observer } = setUp();
  const batch = batchOf([segmentOf()]);
  observer.attempted(deliveryOf(batch, 'loki', [[1, new Error('busy')]]));
  observer.attempted(deliveryOf(batch, 'loki', [[1, new Error('busy')], [2]]));
  expect(calls).toEqual(['attempt loki true', 'attempt loki false']);
});

test('a batch waits until every sink of its sources has settled it', () => {
  const { observer } = setUp();
  const db = segmentOf({ stream: streamOf('/db', 'db'), index: 1 });
  const older = batchOf([segmentOf(), db], { id: 1, openedAt: 1000 });
  const newer = batchOf([segmentOf()], { id: 2, openedAt: 3000 });
  observer.processed(older);
  observer.processed(newer);
  expect(observer.ages(5000)).toEqual({
    agent: 4000,
    sources: new Map([
      ['app', 4000],
      ['db', 4000],
    ]),
    sinks: new Map([
      ['loki', 4000],
      ['file', 4000],
    ]),
  });
  observer.settled(deliveryOf(older, 'file', [[4000]]));
  expect(observer.ages(5000)).toEqual({
    agent: 4000,
    sources: new Map([['app', 4000]]),
    sinks: new Map([
      ['loki', 4000],
      ['file', 2000],
    ]),
  });
  observer.settled(deliveryOf(older, 'loki', [[4500]]));
  observer.completed(older, []);
  observer.completed(newer, []);
  expect(observer.ages(6000)).toEqual({ agent: 0, sources: new Map(), sinks: new Map() });
});

test('of what went to a disk buffer the latency is not known yet', () => {
  const { calls, observer } = setUp();
  const batch = batchOf([segmentOf()]);
  observer.completed(batch, [{ ...deliveryOf(batch, 'loki', [[900, new Error('down')]]), stored: true }]);
  expect(calls).toEqual([]);
});

test('a sink whose disk buffer took a part of a batch still has the rest to settle', () => {
  const { observer } = setUp();
  const app = segmentOf();
  const db = segmentOf({ stream: streamOf('/db', 'db'), index: 1 });
  const deliveries: Delivery[] = [];
  const batch = Object.assign(batchOf([app, db], { id: 1, openedAt: 1000 }), { deliveries });
  const stored = deliveryOf(batch, 'file', [], [app]);
  const rest = deliveryOf(batch, 'file', [], [db]);
  deliveries.push(deliveryOf(batch, 'loki', [], [app]), stored, rest);
  observer.processed(batch);
  observer.settled(stored);
  expect(observer.ages(5000).sinks.get('file')).toBe(4000);
  observer.settled(rest);
  expect(observer.ages(5000).sinks.has('file')).toBe(false);
});

test('what leaves a disk buffer took the sink as long as that was', () => {
  const { calls, observer } = setUp();
  const read = segmentOf({ readAt: -60_000, count: 10, live: Uint32Array.of(1, 2, 3) });
  observer.replayed(deliveryOf(batchOf([read], { id: 0 }), 'loki', [[100, new Error('busy')], [900]]));
  expect(calls).toEqual(['-> loki 60900 3']);
});

test('a sink is as old as the oldest logs that wait for it, in memory or in its disk buffer', () => {
  const { observer } = setUp(true, { loki: 60_000, file: 1000, idle: 0 });
  observer.processed(batchOf([segmentOf()], { openedAt: 1000 }));
  expect(observer.ages(5000)).toEqual({
    agent: 4000,
    sources: new Map([['app', 4000]]),
    sinks: new Map([
      ['loki', 60_000],
      ['file', 4000],
    ]),
  });
});
