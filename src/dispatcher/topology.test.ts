/** Sources and sinks come, change and go while logs are in flight. */
import { expect, test } from 'vitest';
import { feed, RecordingLog, ScriptedSink, TestStream } from '../../test/fixtures/pipeline.ts';
import { RetryableError } from '../component/errors.ts';
import { FakeClock } from '../component/fake-clock.ts';
import type { Processor } from '../component/processor.ts';
import { Kernel } from '../kernel/kernel.ts';
import { Dispatcher } from './dispatcher.ts';

const BATCH_TIMEOUT_MS = 200;
const RETRY = { initialMs: 500, maxMs: 30_000, giveUpAfterMs: 0 };
const down = () => new RetryableError('down', { reason: 'refused' });

function rig(options: { processors?: readonly Processor[] } = {}) {
  const kernel = Kernel.create({ memoryBytes: 2 ** 20, slotBytes: 2 ** 14, slotRecords: 1000 });
  const clock = new FakeClock();
  const sink = new ScriptedSink(kernel);
  const dispatcher = new Dispatcher({
    kernel,
    clock,
    log: new RecordingLog(),
    sources: new Map([['a', options.processors ?? []]]),
    sinks: [{ id: 'out', sink, selects: () => true }],
    batchTimeoutMs: BATCH_TIMEOUT_MS,
    retry: RETRY,
    observers: [],
  });
  const stream = new TestStream('a');
  const send = (...lines: string[]) => feed(kernel, dispatcher, stream, lines);
  const seal = () => clock.advance(BATCH_TIMEOUT_MS);
  const other = (id = 'other') => {
    const added = new ScriptedSink(kernel);
    return { added, entry: { id, sink: added, selects: () => true } };
  };
  return { kernel, clock, dispatcher, stream, sink, send, seal, other };
}

/** Keeps the records at even places of their segment. */
const halve: Processor = {
  process: (_batch, segment) => {
    const rows = Array.from({ length: segment.count }, (_, k) => segment.first + k);
    segment.live = Uint32Array.from(rows.filter((_, k) => k % 2 === 0));
  },
};

async function isPending(promise: Promise<unknown>): Promise<boolean> {
  let pending = true;
  void promise.then(() => {
    pending = false;
  });
  await new Promise((resolve) => setImmediate(resolve));
  return pending;
}

test('other processors work on what is handed over after the change, not on what was before', async () => {
  const { dispatcher, sink, send, seal } = rig();
  send('one', 'two');
  dispatcher.setSource('a', [halve]);
  send('three', 'four');
  await sink.answer();
  await seal();
  expect(sink.received).toEqual([['one', 'two'], ['three']]);
});

test('a new source is taken on with an account of its own', async () => {
  const { kernel, dispatcher, sink, seal } = rig();
  dispatcher.setSource('b', [halve]);
  feed(kernel, dispatcher, new TestStream('b'), ['one', 'two']);
  await seal();
  await sink.answer();
  expect(dispatcher.status().sources.get('b')).toMatchObject({
    read: 2,
    delivered: 1,
    filtered: 1,
    balanced: true,
  });
});

test('what a removed source has handed over still goes through its processors', async () => {
  const { dispatcher, sink, send } = rig({ processors: [halve] });
  send('one', 'two');
  dispatcher.removeSource('a');
  await sink.answer();
  expect(sink.received).toEqual([['one']]);
});

test('counters of a source go on when it comes back', async () => {
  const { dispatcher, sink, send, seal } = rig();
  send('one');
  dispatcher.removeSource('a');
  await sink.answer();
  dispatcher.setSource('a', []);
  send('two');
  await seal();
  await sink.answer();
  expect(dispatcher.status().sources.get('a')).toMatchObject({ read: 2, delivered: 2, balanced: true });
});

test('a source is settled when its positions are committed, also of what was not sealed yet', async () => {
  const { dispatcher, stream, sink, send } = rig();
  send('one');
  const settled = dispatcher.whenSettled('a');
  expect(await isPending(settled)).toBe(true);
  await sink.answer();
  await settled;
  expect(stream.commits).toEqual([4]);
});

test('a source with nothing in flight is settled, whatever others have', async () => {
  const { dispatcher, send } = rig();
  send('one');
  expect(await isPending(dispatcher.whenSettled('b'))).toBe(false);
});

test('an added sink gets what is handed over from then on', async () => {
  const { dispatcher, send, seal, other } = rig();
  const { added, entry } = other();
  send('one');
  dispatcher.addSink(entry);
  send('two');
  await seal();
  expect(added.received).toEqual([['two']]);
});

test('a removed sink delivers what it was given and gets nothing more', async () => {
  const { dispatcher, stream, sink, send, seal, other } = rig();
  const { added, entry } = other();
  dispatcher.addSink(entry);
  send('one');
  const removed = dispatcher.removeSink('out', 1000);
  send('two');
  await seal();
  expect(sink.received).toEqual([['one']]);
  await added.answer();
  await added.answer();
  expect(stream.commits).toEqual([]);
  await sink.answer();
  expect(await removed).toBe(0);
  expect(stream.commits.at(-1)).toBe(8);
});

test('what a removed sink has not delivered at the deadline is dropped and counted; positions go on', async () => {
  const { clock, dispatcher, stream, sink, send, seal } = rig();
  send('one', 'two');
  await seal();
  const removed = dispatcher.removeSink('out', 1000);
  await clock.advance(1000);
  expect(await removed).toBe(2);
  expect(sink.deliveries).toHaveLength(1);
  expect(stream.commits).toEqual([8]);
  const { sources, sinks } = dispatcher.status();
  expect(sources.get('a')).toMatchObject({ dropped: { sink_removed: 2 }, in_flight: 0, balanced: true });
  expect(sinks.has('out')).toBe(false);
});

test('a write that ends after its records were dropped changes nothing', async () => {
  const { clock, dispatcher, sink, send, seal } = rig();
  send('one');
  await seal();
  sink.write = () => Promise.resolve();
  const removed = dispatcher.removeSink('out', 1000, AbortSignal.abort());
  await removed;
  await sink.answer().catch(() => {});
  await clock.advance(1000);
  expect(dispatcher.status().sources.get('a')).toMatchObject({
    delivered: 0,
    dropped: { sink_removed: 1 },
    balanced: true,
  });
});

test('a write that ends well shortly after the deadline has delivered its records', async () => {
  const { clock, dispatcher, sink, send, seal } = rig();
  const write = Promise.withResolvers<void>();
  sink.write = () => write.promise;
  send('one');
  await seal();
  const removed = dispatcher.removeSink('out', 1000);
  await clock.advance(1500);
  write.resolve();
  expect(await removed).toBe(0);
  expect(dispatcher.status().sources.get('a')).toMatchObject({ delivered: 1, dropped: {}, balanced: true });
});

test('the memory that a write still reads is not used again before that ends', async () => {
  const { kernel, clock, dispatcher, stream, sink, send, seal } = rig();
  const write = Promise.withResolvers<void>();
  sink.write = () => write.promise;
  send('one');
  await seal();
  const removed = dispatcher.removeSink('out', 0);
  await clock.advance(1000);
  expect(await removed).toBe(1);
  expect(stream.commits).toEqual([4]);
  expect(kernel.slots.free).toBe(kernel.slots.size - 1);
  write.resolve();
  await clock.advance(0);
  expect(kernel.slots.free).toBe(kernel.slots.size);
});

test('what a sink that was partly sent has accepted is not counted as dropped', async () => {
  const { dispatcher, sink, send, seal } = rig();
  send('one', 'two', 'three');
  await seal();
  sink.deliveries[0]!.accepted = 2;
  await dispatcher.removeSink('out', 1000, AbortSignal.abort());
  expect(dispatcher.status().sources.get('a')).toMatchObject({ delivered: 2, dropped: { sink_removed: 1 } });
});

test('counters of a sink go on when it comes back', async () => {
  const { dispatcher, sink, send, seal, other } = rig();
  send('one');
  await seal();
  await sink.answer();
  await dispatcher.removeSink('out', 1000);
  const { added, entry } = other('out');
  dispatcher.addSink(entry);
  send('two');
  await seal();
  await added.answer();
  expect(dispatcher.status().sinks.get('out')!.ledger).toMatchObject({
    read: 2,
    delivered: 2,
    balanced: true,
  });
});

test('a sink that takes the place of one that is down gets at once what waits for it', async () => {
  const { dispatcher, stream, sink, send, seal, other } = rig();
  send('one');
  await seal();
  await sink.answer(down());
  const { added, entry } = other('out');
  await dispatcher.replaceSink(entry);
  expect(added.received).toEqual([['one']]);
  await added.answer();
  expect(stream.commits).toEqual([4]);
});

test('a changed batch timeout holds for the next batch', async () => {
  const { clock, dispatcher, sink, send } = rig();
  dispatcher.setTimes({ batchTimeoutMs: 10, retry: RETRY });
  send('one');
  await clock.advance(10);
  expect(sink.received).toEqual([['one']]);
});

test('a changed pause between attempts holds from the next failure on', async () => {
  const { clock, dispatcher, sink, send, seal } = rig();
  send('one');
  await seal();
  dispatcher.setTimes({ batchTimeoutMs: 200, retry: { initialMs: 10, maxMs: 10, giveUpAfterMs: 0 } });
  await sink.answer(down());
  await clock.advance(10);
  expect(sink.received).toHaveLength(2);
});
