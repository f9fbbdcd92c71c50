import { expect, test } from 'vitest';
import { feed, linesOf, RecordingLog, ScriptedSink, TestStream } from '../../test/fixtures/pipeline.ts';
import { PartialError, PermanentError, RetryableError } from '../component/errors.ts';
import { FakeClock } from '../component/fake-clock.ts';
import type { Observer } from '../component/observer.ts';
import type { Processor } from '../component/processor.ts';
import { selects } from '../config/selection.ts';
import { Kernel } from '../kernel/kernel.ts';
import { Dispatcher, type DispatcherOptions } from './dispatcher.ts';

const BATCH_TIMEOUT_MS = 200;

function pipeline(
  options: {
    processors?: readonly Processor[];
    sinks?: readonly { id: string; sources?: readonly string[]; concurrency?: number }[];
    observers?: readonly Observer[];
    retry?: Partial<DispatcherOptions['retry']>;
    slotBytes?: number;
    memoryBytes?: number;
  } = {},
) {
  const kernel = Kernel.create({
    memoryBytes: options.memoryBytes ?? 2 ** 20,
    slotBytes: options.slotBytes ?? 2 ** 14,
    slotRecords: 1000,
  });
  const clock = new FakeClock();
  const log = new RecordingLog();
  const sinks = (options.sinks ?? [{ id: 'out' }]).map((entry) => ({
    id: entry.id,
    sink: new ScriptedSink(kernel, entry.concurrency),
    selects: (sourceId: string) => selects(entry.sources ?? ['*'], sourceId),
  }));
  const dispatcher = new Dispatcher({
    kernel,
    clock,
    log,
    sources: new Map([
      ['a', options.processors ?? []],
      ['b', []],
    ]),
    sinks,
    batchTimeoutMs: BATCH_TIMEOUT_MS,
    retry: { initialMs: 500, maxMs: 30_000, giveUpAfterMs: 0, ...options.retry },
    observers: options.observers ?? [],
  });
  const stream = new TestStream('a');
  return {
    kernel,
    clock,
    log,
    dispatcher,
    stream,
    sink: sinks[0]!.sink,
    sinks: sinks.map(({ sink }) => sink),
  };
}

const numbered = (count: number, prefix = 'line') =>
  Array.from({ length: count }, (_, k) => `${prefix} ${k}`);

test('joins small chunks of several streams into one batch, sealed after the timeout', async () => {
  const { kernel, clock, dispatcher, stream, sink } = pipeline();
  const other = new TestStream('b');
  feed(kernel, dispatcher, stream, ['one', 'two']);
  feed(kernel, dispatcher, other, ['three']);
  feed(kernel, dispatcher, stream, ['', 'five']);
  expect(sink.received).toEqual([]);
  await clock.advance(BATCH_TIMEOUT_MS);
  expect(sink.received).toEqual([['one', 'two', 'three', '', 'five']]);
});

test('seals a batch that is nearly full at once, by bytes', () => {
  const { kernel, dispatcher, stream, sink } = pipeline({ slotBytes: 1000 });
  feed(kernel, dispatcher, stream, ['x'.repeat(400), 'y'.repeat(400)]);
  expect(sink.received).toHaveLength(1);
});

test('seals a batch that is nearly full at once, by count', () => {
  const { kernel, dispatcher, stream, sink } = pipeline();
  feed(kernel, dispatcher, stream, Array(750).fill(''));
  expect(sink.received).toHaveLength(1);
});

test('a chunk that does not fit seals the open batch and begins the next', async () => {
  const { kernel, clock, dispatcher, stream, sink } = pipeline({ slotBytes: 1000 });
  feed(kernel, dispatcher, stream, ['x'.repeat(400)]);
  feed(kernel, dispatcher, stream, ['y'.repeat(650)]);
  expect(sink.received).toEqual([['x'.repeat(400)]]);
  await sink.answer();
  await clock.advance(BATCH_TIMEOUT_MS);
  expect(sink.received[1]).toEqual(['y'.repeat(650)]);
});

test('commits a position only after every sink has acknowledged', async () => {
  const { kernel, clock, dispatcher, stream, sinks } = pipeline({ sinks: [{ id: 'x' }, { id: 'y' }] });
  feed(kernel, dispatcher, stream, ['one', 'two']);
  await clock.advance(BATCH_TIMEOUT_MS);
  await sinks[0]!.answer();
  expect(stream.commits).toEqual([]);
  await sinks[1]!.answer();
  expect(stream.commits).toEqual([8]);
});

test('commits in the order of the stream when batches are acknowledged in another', async () => {
  const { kernel, clock, dispatcher, stream, sink } = pipeline({ sinks: [{ id: 'x', concurrency: 2 }] });
  feed(kernel, dispatcher, stream, ['one']);
  await clock.advance(BATCH_TIMEOUT_MS);
  feed(kernel, dispatcher, stream, ['two']);
  await clock.advance(BATCH_TIMEOUT_MS);
  await sink.answer(undefined, 1);
  expect(stream.commits).toEqual([]);
  await sink.answer();
  expect(stream.commits).toEqual([8]);
});

test('a slow sink does not hold up another', async () => {
  const { kernel, clock, dispatcher, stream, sinks } = pipeline({ sinks: [{ id: 'slow' }, { id: 'fast' }] });
  for (let k = 0; k < 5; k++) {
    feed(kernel, dispatcher, stream, [`line ${k}`]);
    await clock.advance(BATCH_TIMEOUT_MS);
    await sinks[1]!.answer();
  }
  expect(sinks[0]!.received).toHaveLength(1);
  expect(sinks[1]!.received).toHaveLength(5);
});

test('a sink gets only the sources that it selects', async () => {
  const { kernel, clock, dispatcher, stream, sinks } = pipeline({
    sinks: [
      { id: 'x', sources: ['a'] },
      { id: 'y', sources: ['b*'] },
    ],
  });
  feed(kernel, dispatcher, stream, ['of a']);
  feed(kernel, dispatcher, new TestStream('b'), ['of b']);
  await clock.advance(BATCH_TIMEOUT_MS);
  expect(sinks.map((sink) => sink.received)).toEqual([[['of a']], [['of b']]]);
});

test('memory is the backpressure: slots run out while a sink is stuck and return when it works again', async () => {
  const { kernel, dispatcher, stream, sink } = pipeline({ slotBytes: 1000, memoryBytes: 100_000 });
  const size = dispatcher.slots.size;
  for (let k = 0; k < size; k++) feed(kernel, dispatcher, stream, ['x'.repeat(800)]);
  expect(dispatcher.slots.free).toBe(0);
  const waiting = dispatcher.slots.acquire(AbortSignal.timeout(1000));
  await sink.answer();
  dispatcher.slots.give(await waiting);
  for (let k = 1; k < size; k++) await sink.answer();
  expect(dispatcher.slots.free).toBe(size);
  expect(stream.commits.at(-1)).toBe(size * 801);
});

test('retries with growing pauses until the sink accepts', async () => {
  const { kernel, clock, dispatcher, stream, sink } = pipeline();
  feed(kernel, dispatcher, stream, ['one']);
  await clock.advance(BATCH_TIMEOUT_MS);
  await sink.answer(new RetryableError('refused', { reason: 'refused' }));
  expect(sink.waiting).toBe(0);
  await clock.advance(500);
  expect(sink.waiting).toBe(1);
  await sink.answer(new Error('a fault of ours'));
  await clock.advance(1000);
  await sink.answer();
  expect(sink.received).toHaveLength(3);
  expect(stream.commits).toEqual([4]);
  expect(dispatcher.status().sinks.get('out')).toMatchObject({ attempts: 3, retries: 2, state: 'ok' });
});

test('waits as long as the destination asked for', async () => {
  const { kernel, clock, dispatcher, stream, sink } = pipeline();
  feed(kernel, dispatcher, stream, ['one']);
  await clock.advance(BATCH_TIMEOUT_MS);
  await sink.answer(new RetryableError('busy', { reason: '429', retryAfterMs: 60_000 }));
  await clock.advance(59_999);
  expect(sink.waiting).toBe(0);
  await clock.advance(1);
  expect(sink.waiting).toBe(1);
});

/** Seals `count` batches of one line each, one behind the other. */
async function batches({ kernel, clock, dispatcher, stream }: ReturnType<typeof pipeline>, count: number) {
  for (let k = 0; k < count; k++) {
    feed(kernel, dispatcher, stream, [`line ${k}`]);
    await clock.advance(BATCH_TIMEOUT_MS);
  }
}

const refused = (retryAfterMs = 0) => new RetryableError('down', { reason: 'refused', retryAfterMs });

test('while a sink fails one delivery tries it; once that one is through, all others follow', async () => {
  const agent = pipeline({ sinks: [{ id: 'out', concurrency: 3 }] });
  const { clock, sink, stream } = agent;
  await batches(agent, 5);
  expect(sink.waiting).toBe(3);
  for (let k = 0; k < 3; k++) await sink.answer(refused());
  expect(sink.waiting).toBe(0);
  await clock.advance(500);
  expect(sink.waiting).toBe(1);
  await sink.answer(refused());
  await clock.advance(1000);
  expect(sink.waiting).toBe(1);
  await sink.answer();
  expect(sink.waiting).toBe(3);
  for (let k = 0; k < 4; k++) await sink.answer();
  expect(stream.commits.at(-1)).toBe(stream.position);
});

test('a delivery under way since before the failure does not end the pause, but may lengthen it', async () => {
  const agent = pipeline({ sinks: [{ id: 'out', concurrency: 3 }] });
  const { clock, dispatcher, sink } = agent;
  await batches(agent, 4);
  await sink.answer(refused(5000));
  await sink.answer();
  expect(sink.waiting).toBe(1);
  expect(dispatcher.status().sinks.get('out')!.state).toBe('retrying');
  await sink.answer(refused(60_000));
  await clock.advance(59_999);
  expect(sink.waiting).toBe(0);
  await clock.advance(1);
  expect(sink.waiting).toBe(1);
});

test('a delivery that fails again and again does not hold up the others of a sink without order', async () => {
  const agent = pipeline({ sinks: [{ id: 'out', concurrency: 2 }] });
  const { clock, sink, stream } = agent;
  await batches(agent, 3);
  await sink.answer(refused());
  await sink.answer();
  await clock.advance(500);
  expect(sink.received.at(-1)).toEqual(['line 2']);
  await sink.answer();
  expect(sink.received.at(-1)).toEqual(['line 0']);
  await sink.answer();
  expect(stream.commits.at(-1)).toBe(stream.position);
});

test('a sink with order gets the failed delivery first', async () => {
  const agent = pipeline();
  const { clock, sink } = agent;
  await batches(agent, 2);
  await sink.answer(refused());
  await clock.advance(500);
  await sink.answer();
  expect(sink.received.flat()).toEqual(['line 0', 'line 0', 'line 1']);
});

test('gives up after the configured time, and says so in the ledger', async () => {
  const { kernel, clock, dispatcher, stream, sink } = pipeline({ retry: { giveUpAfterMs: 1000 } });
  feed(kernel, dispatcher, stream, ['one', 'two']);
  await clock.advance(BATCH_TIMEOUT_MS);
  await sink.answer(new RetryableError('down', { reason: 'refused' }));
  await clock.advance(500);
  await sink.answer(new RetryableError('down', { reason: 'refused', retryAfterMs: 2000 }));
  expect(dispatcher.status().sources.get('a')).toMatchObject({ dropped: { gave_up: 2 }, balanced: true });
  expect(stream.commits).toEqual([8]);
});

test('gives up what was not accepted, and does not count as delivered what was refused before', async () => {
  const agent = pipeline({ retry: { giveUpAfterMs: 1000 } });
  const { kernel, clock, dispatcher, stream, sink } = agent;
  feed(kernel, dispatcher, stream, ['one', 'two']);
  feed(kernel, dispatcher, new TestStream('b'), ['three', 'four']);
  await clock.advance(BATCH_TIMEOUT_MS);
  Object.assign(sink.deliveries[0]!, { accepted: 3, refused: [1] });
  await sink.answer(refused(2000));
  const { sources, sinks } = dispatcher.status();
  expect(sinks.get('out')!.ledger).toMatchObject({ delivered: 2, dropped: { gave_up: 2 }, balanced: true });
  expect(sources.get('a')).toMatchObject({ delivered: 1, dropped: { gave_up: 1 } });
  expect(sources.get('b')).toMatchObject({ delivered: 1, dropped: { gave_up: 1 } });
});

test('dropped records are logged: how many, whose, why and what to do', async () => {
  const { kernel, clock, dispatcher, stream, sink, log } = pipeline({ retry: { giveUpAfterMs: 1000 } });
  feed(kernel, dispatcher, stream, ['one', 'two']);
  feed(kernel, dispatcher, new TestStream('b'), ['three']);
  await clock.advance(BATCH_TIMEOUT_MS);
  await sink.answer(refused(2000));
  expect(log.lines).toEqual([
    {
      level: 'error',
      fields: { sink: 'out', reason: 'gave_up', records: 3, sources: { a: 2, b: 1 } },
      message:
        'sink dropped 3 records: down; tried for as long as dispatcher.retry.give_up_after allows (0: never give up)',
    },
  ]);
});

test('drops are logged once a minute for each reason, with the number since', async () => {
  const agent = pipeline();
  const { clock, sink, log } = agent;
  for (const reason of ['too_old', 'too_old', 'too_large', 'too_old']) {
    await batches(agent, 1);
    await sink.answer(new PermanentError(`no: ${reason}`, { reason }));
  }
  const logged = () => log.lines.map(({ fields }) => fields as { reason: string; records: number });
  expect(logged()).toMatchObject([
    { reason: 'too_old', records: 1 },
    { reason: 'too_large', records: 1 },
  ]);
  await clock.advance(60_000);
  expect(logged().slice(2)).toMatchObject([{ reason: 'too_old', records: 2, sources: { a: 2 } }]);
  await clock.advance(180_000);
  expect(log.lines).toHaveLength(3);
});

test('drops not logged yet are logged at the end', async () => {
  const agent = pipeline();
  const { dispatcher, sink, log } = agent;
  for (let k = 0; k < 2; k++) {
    await batches(agent, 1);
    await sink.answer(new PermanentError('no', { reason: 'too_old' }));
  }
  await dispatcher.drain(1000);
  expect(log.lines).toHaveLength(2);
});

test('a permanent refusal is not repeated; the records are counted as dropped with its reason', async () => {
  const { kernel, clock, dispatcher, stream, sink } = pipeline();
  feed(kernel, dispatcher, stream, ['one', 'two']);
  await clock.advance(BATCH_TIMEOUT_MS);
  await sink.answer(new PermanentError('too large', { reason: 'too_large' }));
  expect(sink.received).toHaveLength(1);
  expect(dispatcher.status().sinks.get('out')!.ledger).toMatchObject({
    read: 2,
    delivered: 0,
    dropped: { too_large: 2 },
    in_flight: 0,
    balanced: true,
  });
});

test('a partial refusal is laid to the segments whose records were named', async () => {
  const { kernel, clock, dispatcher, stream, sink } = pipeline();
  feed(kernel, dispatcher, stream, ['one', 'two']);
  feed(kernel, dispatcher, new TestStream('b'), ['three', 'four']);
  await clock.advance(BATCH_TIMEOUT_MS);
  await sink.answer(new PartialError('old', { reason: 'too_old', count: 1, indexes: [3] }));
  const { sources } = dispatcher.status();
  expect(sources.get('a')).toMatchObject({ delivered: 2, dropped: {}, balanced: true });
  expect(sources.get('b')).toMatchObject({ delivered: 1, dropped: { too_old: 1 }, balanced: true });
});

test('of two sinks the worse end counts for the source', async () => {
  const { kernel, clock, dispatcher, stream, sinks } = pipeline({ sinks: [{ id: 'x' }, { id: 'y' }] });
  feed(kernel, dispatcher, stream, ['one', 'two', 'three']);
  await clock.advance(BATCH_TIMEOUT_MS);
  await sinks[0]!.answer(new PartialError('old', { reason: 'too_old', count: 2 }));
  await sinks[1]!.answer();
  expect(dispatcher.status().sources.get('a')).toMatchObject({
    read: 3,
    delivered: 1,
    dropped: { too_old: 2 },
    balanced: true,
  });
});

test('records that no sink selects are counted as dropped, not forgotten', async () => {
  const { kernel, clock, dispatcher, stream } = pipeline({ sinks: [{ id: 'x', sources: ['b'] }] });
  feed(kernel, dispatcher, stream, ['one']);
  await clock.advance(BATCH_TIMEOUT_MS);
  expect(dispatcher.status().sources.get('a')).toMatchObject({ dropped: { unrouted: 1 }, balanced: true });
  expect(stream.commits).toEqual([4]);
});

test('what a processor filters is counted, not sent, and its position is committed', async () => {
  const evenOnly: Processor = {
    process(_batch, segment) {
      segment.live = new Uint32Array(segment.count / 2).map((_, k) => segment.first + 2 * k);
    },
  };
  const { kernel, clock, dispatcher, stream, sink } = pipeline({ processors: [evenOnly] });
  feed(kernel, dispatcher, stream, ['zero', 'one', 'two', 'three']);
  await clock.advance(BATCH_TIMEOUT_MS);
  await sink.answer();
  expect(sink.received).toEqual([['zero', 'two']]);
  expect(dispatcher.status().sources.get('a')).toMatchObject({
    read: 4,
    delivered: 2,
    filtered: 2,
    balanced: true,
  });
  expect(stream.commits).toEqual([19]);
});

test('a batch that is filtered completely is finished without any sink', async () => {
  const none: Processor = {
    process(_batch, segment) {
      segment.live = new Uint32Array(0);
    },
  };
  const { kernel, clock, dispatcher, stream, sink } = pipeline({ processors: [none] });
  feed(kernel, dispatcher, stream, ['one']);
  await clock.advance(BATCH_TIMEOUT_MS);
  expect(sink.received).toEqual([]);
  expect(stream.commits).toEqual([4]);
  expect(dispatcher.slots.free).toBe(dispatcher.slots.size);
});

test('a processor that throws loses no log', async () => {
  const broken: Processor = {
    process() {
      throw new Error('bug');
    },
  };
  const { kernel, clock, dispatcher, stream, sink, log } = pipeline({ processors: [broken] });
  feed(kernel, dispatcher, stream, ['one']);
  await clock.advance(BATCH_TIMEOUT_MS);
  expect(sink.received).toEqual([['one']]);
  expect(log.lines.map((line) => line.level)).toEqual(['error']);
});

test('an observer that throws disturbs nothing, and others still hear', async () => {
  const heard: string[] = [];
  const { kernel, clock, dispatcher, stream, sink } = pipeline({
    observers: [
      {
        completed() {
          throw new Error('bug');
        },
      },
      {
        accepted: () => void heard.push('accepted'),
        sealed: () => void heard.push('sealed'),
        processed: () => void heard.push('processed'),
        attempted: () => void heard.push('attempted'),
        settled: () => void heard.push('settled'),
        completed: (_batch, deliveries) =>
          void heard.push(`completed ${linesOf(kernel, deliveries[0]!).join()}`),
      },
    ],
  });
  feed(kernel, dispatcher, stream, ['one']);
  await clock.advance(BATCH_TIMEOUT_MS);
  await sink.answer();
  expect(heard).toEqual(['accepted', 'sealed', 'processed', 'attempted', 'settled', 'completed one']);
  expect(stream.commits).toEqual([4]);
});

test('the ledger counts what is in flight from what is held', async () => {
  const { kernel, clock, dispatcher, stream, sink } = pipeline();
  feed(kernel, dispatcher, stream, numbered(10));
  await clock.advance(BATCH_TIMEOUT_MS);
  feed(kernel, dispatcher, stream, numbered(7));
  const status = dispatcher.status();
  expect(status.sources.get('a')).toMatchObject({ read: 17, delivered: 0, in_flight: 17, balanced: true });
  expect(status.sinks.get('out')!.ledger).toMatchObject({ read: 10, in_flight: 10, balanced: true });
  await sink.answer();
  expect(dispatcher.status().sources.get('a')).toMatchObject({ delivered: 10, in_flight: 7, balanced: true });
});

test('drain seals the open batch and waits for the sinks', async () => {
  const { kernel, dispatcher, stream, sink } = pipeline();
  feed(kernel, dispatcher, stream, ['one']);
  const drained = dispatcher.drain(10_000);
  await sink.answer();
  expect(await drained).toBe(0);
  expect(stream.commits).toEqual([4]);
});

test('drain gives up at the deadline; what is left is not committed', async () => {
  const { kernel, clock, dispatcher, stream, sink } = pipeline();
  feed(kernel, dispatcher, stream, ['one', 'two']);
  const drained = dispatcher.drain(10_000);
  await clock.advance(10_000);
  expect(await drained).toBe(2);
  expect(sink.received).toHaveLength(1);
  expect(stream.commits).toEqual([]);
});

test('drain tries a sink in a pause at once', async () => {
  const agent = pipeline();
  const { dispatcher, stream, sink } = agent;
  await batches(agent, 2);
  await sink.answer(refused(15_000));
  const drained = dispatcher.drain(10_000);
  expect(sink.waiting).toBe(1);
  await sink.answer();
  await sink.answer();
  expect(await drained).toBe(0);
  expect(stream.commits.at(-1)).toBe(stream.position);
});

test('what drain abandons stays in the ledger as in flight', async () => {
  const agent = pipeline();
  const { clock, dispatcher } = agent;
  await batches(agent, 3);
  const drained = dispatcher.drain(1000);
  await clock.advance(1000);
  expect(await drained).toBe(3);
  expect(dispatcher.status().sinks.get('out')).toMatchObject({
    state: 'stopped',
    ledger: { read: 3, in_flight: 3, balanced: true },
  });
});
