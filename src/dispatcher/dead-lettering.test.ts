import { expect, test } from 'vitest';
import { feed, linesOf, RecordingLog, ScriptedSink, TestStream } from '../../test/fixtures/pipeline.ts';
import { PartialError, PermanentError, RetryableError } from '../component/errors.ts';
import { FakeClock } from '../component/fake-clock.ts';
import type { Outcome } from '../component/observer.ts';
import { Kernel } from '../kernel/kernel.ts';
import type { Batch } from '../record/batch.ts';
import type { Delivery } from '../record/delivery.ts';
import { BatchInFlight } from './batch-in-flight.ts';
import { Dispatcher } from './dispatcher.ts';
import type { Settlement } from './settlement.ts';
import type { DeadLetters } from './sink-lane.ts';

/** Remembers what it is given; its writes fail while `fault` is set, and wait while `held` is. */
class FakeDeadLetters implements DeadLetters {
  readonly written: { lines: string[]; settlement: Settlement; message: string }[] = [];
  fault: Error | null = null;
  held: Promise<void> | null = null;
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  async write(delivery: Delivery, settlement: Settlement, message: string): Promise<void> {
    if (this.fault !== null) throw this.fault;
    await this.held;
    const all = linesOf(this.#kernel, delivery);
    const lines = settlement.indexes === null ? all : settlement.indexes.map((row) => all[row]!);
    this.written.push({ lines, settlement, message });
  }
}

const tick = () => new Promise((resolve) => setImmediate(resolve));

function setUp(options: { concurrency?: number; giveUpAfterMs?: number; kept?: boolean } = {}) {
  const kernel = Kernel.create({ memoryBytes: 2 ** 20, slotBytes: 2 ** 14, slotRecords: 1000 });
  const clock = new FakeClock();
  const log = new RecordingLog();
  const sink = new ScriptedSink(kernel, options.concurrency);
  const deadLetters = new FakeDeadLetters(kernel);
  const settled: { outcome: Outcome; reason: string | undefined }[] = [];
  const dispatcher = new Dispatcher({
    kernel,
    clock,
    log,
    sources: new Map([['a', []]]),
    sinks: [{ id: 'out', sink, selects: () => true }],
    batchTimeoutMs: 200,
    retry: { initialMs: 500, maxMs: 500, giveUpAfterMs: options.giveUpAfterMs ?? 0 },
    deadLetters: options.kept === false ? undefined : deadLetters,
    observers: [{ settled: (_, outcome, reason) => void settled.push({ outcome, reason }) }],
  });
  const stream = new TestStream('a');
  const send = async (...lines: string[]) => {
    feed(kernel, dispatcher, stream, lines);
    await clock.advance(200);
  };
  const ledgers = () => {
    const { sources, sinks } = dispatcher.status();
    return { source: sources.get('a')!, sink: sinks.get('out')!.ledger };
  };
  return { kernel, clock, log, sink, deadLetters, settled, dispatcher, stream, send, ledgers };
}

const tooOld = new PermanentError('timestamp too old', { reason: 'too_old' });
const full = new RetryableError('cannot write dead letters: disk full', { reason: 'dead_letters' });

test('what a sink refuses for good is kept, counted and told, and its position is committed', async () => {
  const { send, sink, deadLetters, settled, stream, ledgers, log } = setUp();
  await send('one', 'two');
  await sink.answer(tooOld);
  expect(deadLetters.written).toMatchObject([{ lines: ['one', 'two'], message: 'timestamp too old' }]);
  expect(settled).toEqual([
    { outcome: { delivered: 0, filtered: 0, deadLettered: 2, dropped: 0 }, reason: 'too_old' },
  ]);
  expect(stream.commits).toEqual([8]);
  const expected = { read: 2, dead_lettered: 2, dropped: {}, in_flight: 0, balanced: true };
  expect(ledgers()).toMatchObject({ source: expected, sink: expected });
  expect(log.lines.at(-1)!.message).toContain('kept as dead letters');
});

test('of a partial refusal only the named records are kept', async () => {
  const { send, sink, deadLetters, ledgers } = setUp();
  await send('one', 'two', 'three');
  await sink.answer(new PartialError('bad', { reason: 'bad', count: 1, indexes: [1] }));
  expect(deadLetters.written).toMatchObject([{ lines: ['two'] }]);
  expect(ledgers().sink).toMatchObject({ delivered: 2, dead_lettered: 1, balanced: true });
});

test('of a partial refusal without names all are handed over; the ledger counts what the sink said', async () => {
  const { send, sink, deadLetters, ledgers } = setUp();
  await send('one', 'two', 'three');
  await sink.answer(new PartialError('bad', { reason: 'bad', count: 1 }));
  expect(deadLetters.written).toMatchObject([
    { lines: ['one', 'two', 'three'], settlement: { rejected: 1, indexes: null } },
  ]);
  expect(ledgers().sink).toMatchObject({ delivered: 2, dead_lettered: 1, balanced: true });
});

test('nothing is settled before the dead letters are on disk', async () => {
  const { send, sink, deadLetters, stream, ledgers } = setUp();
  const disk = Promise.withResolvers<void>();
  deadLetters.held = disk.promise;
  await send('one');
  await sink.answer(tooOld);
  expect(stream.commits).toEqual([]);
  expect(ledgers().sink).toMatchObject({ in_flight: 1, dead_lettered: 0, balanced: true });
  disk.resolve();
  await tick();
  expect(stream.commits).toEqual([4]);
});

test.each([1, 2])(
  'while they cannot be written the lane waits, and asks the sink no second time (concurrency %i)',
  async (concurrency) => {
    const { send, sink, deadLetters, stream, ledgers, dispatcher, clock } = setUp({ concurrency });
    deadLetters.fault = full;
    await send('one');
    await sink.answer(tooOld);
    await send('two');
    expect(sink.received).toEqual([['one']]);
    const status = dispatcher.status().sinks.get('out')!;
    expect(status).toMatchObject({
      state: 'retrying',
      breaker: { state: 'open' },
      last_error: { reason: 'dead_letters' },
    });
    expect(ledgers().sink).toMatchObject({ in_flight: 2, balanced: true });
    await clock.advance(500);
    expect(sink.received).toEqual([['one']]);
    deadLetters.fault = null;
    await clock.advance(500);
    await tick();
    expect(deadLetters.written).toMatchObject([{ lines: ['one'] }]);
    expect(sink.received).toEqual([['one'], ['two']]);
    await sink.answer();
    expect(stream.commits).toEqual([4, 8]);
    expect(dispatcher.status().sinks.get('out')!).toMatchObject({
      state: 'ok',
      breaker: { state: 'closed' },
    });
  },
);

test('what is given up after a time is kept too', async () => {
  const { send, sink, deadLetters, ledgers } = setUp({ giveUpAfterMs: 100 });
  await send('one');
  await sink.answer(new RetryableError('down', { reason: 'refused', retryAfterMs: 2000 }));
  expect(deadLetters.written).toMatchObject([{ lines: ['one'], settlement: { reason: 'gave_up' } }]);
  expect(ledgers().sink).toMatchObject({ dead_lettered: 1, balanced: true });
});

test('without a place for dead letters it is dropped, by reason', async () => {
  const { send, sink, deadLetters, ledgers, settled, log } = setUp({ kept: false });
  await send('one');
  await sink.answer(tooOld);
  expect(deadLetters.written).toEqual([]);
  expect(ledgers().sink).toMatchObject({ dead_lettered: 0, dropped: { too_old: 1 }, balanced: true });
  expect(settled[0]!.outcome).toEqual({ delivered: 0, filtered: 0, deadLettered: 0, dropped: 1 });
  expect(log.lines.at(-1)!.message).toContain('sink dropped 1 record');
});

test('a letter that is written while the agent stops is committed, so that it is not read again', async () => {
  const { send, sink, deadLetters, stream, dispatcher, clock } = setUp();
  const disk = Promise.withResolvers<void>();
  deadLetters.held = disk.promise;
  await send('one');
  await sink.answer(tooOld);
  const draining = dispatcher.drain(1000);
  await clock.advance(2000);
  expect(await draining).toBe(1);
  disk.resolve();
  await tick();
  expect(stream.commits).toEqual([4]);
});

test('what a sink that is removed has not taken is kept', async () => {
  const { send, deadLetters, dispatcher, clock } = setUp();
  await send('one');
  const removing = dispatcher.removeSink('out', 1000);
  await clock.advance(1000);
  await removing;
  expect(deadLetters.written).toMatchObject([{ lines: ['one'], settlement: { reason: 'sink_removed' } }]);
  expect(dispatcher.status().sources.get('a')).toMatchObject({
    dead_lettered: 1,
    in_flight: 0,
    balanced: true,
  });
});

/** A batch of letters in a slot of its own. */
function lettersOf(kernel: Kernel, lines: readonly string[]): Batch {
  let batch!: BatchInFlight;
  feed(
    kernel,
    {
      slots: kernel.slots,
      handle(chunk) {
        batch = new BatchInFlight(0, chunk.slot, 0);
        batch.append(chunk);
      },
    },
    new TestStream('gone'),
    lines,
  );
  return batch;
}

test('letters that are sent again count for their sink only, and no observer takes them for new', async () => {
  const { kernel, dispatcher, sink, settled, ledgers } = setUp();
  const resent = dispatcher.resend('out', lettersOf(kernel, ['one', 'two']));
  expect(ledgers().sink).toMatchObject({ read: 2, in_flight: 2, balanced: true });
  await sink.answer();
  expect(await resent).toMatchObject({ rejected: 0 });
  expect(ledgers().sink).toMatchObject({ delivered: 2, in_flight: 0, balanced: true });
  expect(ledgers().source).toMatchObject({ read: 0, balanced: true });
  expect(settled).toEqual([]);
  expect(dispatcher.status().recordsDone).toBe(0);
});

test.each([true, false])(
  'letters that are refused again stay dead letters, and are not written twice (kept: %s)',
  async (kept) => {
    const { kernel, dispatcher, sink, deadLetters, ledgers } = setUp({ kept });
    const resent = dispatcher.resend('out', lettersOf(kernel, ['one', 'two']));
    await sink.answer(new PartialError('bad', { reason: 'bad', count: 1, indexes: [1] }));
    expect(await resent).toMatchObject({ rejected: 1, indexes: [1] });
    expect(deadLetters.written).toEqual([]);
    expect(ledgers().sink).toMatchObject({ delivered: 1, dead_lettered: 1, dropped: {}, balanced: true });
  },
);

test('letters to a sink that is removed meanwhile stay dead letters', async () => {
  const { kernel, dispatcher, deadLetters, clock } = setUp();
  const resent = dispatcher.resend('out', lettersOf(kernel, ['one']));
  const removing = dispatcher.removeSink('out', 1000);
  await clock.advance(1000);
  await removing;
  expect(await resent).toMatchObject({ rejected: 1, deadLettered: true });
  expect(deadLetters.written).toEqual([]);
});

test('letters cannot be sent to a sink that is not there', () => {
  const { kernel, dispatcher } = setUp();
  expect(() => dispatcher.resend('none', lettersOf(kernel, ['one']))).toThrow('there is no sink none');
});

test.each([500, 5000])(
  'letters that are being written when their sink is removed are not written twice (%i ms later)',
  async (later) => {
    const { send, sink, deadLetters, dispatcher, clock, stream } = setUp();
    const disk = Promise.withResolvers<void>();
    deadLetters.held = disk.promise;
    await send('one');
    await sink.answer(tooOld);
    const removing = dispatcher.removeSink('out', 0);
    await clock.advance(later);
    expect(stream.commits).toEqual([]);
    disk.resolve();
    expect(await removing).toBe(0);
    expect(deadLetters.written).toMatchObject([{ lines: ['one'], settlement: { reason: 'too_old' } }]);
    expect(dispatcher.status().sources.get('a')).toMatchObject({ dead_lettered: 1, balanced: true });
  },
);

test('letters that could not be written while their sink was removed are tried once more', async () => {
  const { send, sink, deadLetters, dispatcher, clock } = setUp();
  const disk = Promise.withResolvers<void>();
  deadLetters.held = disk.promise;
  await send('one');
  await sink.answer(tooOld);
  const removing = dispatcher.removeSink('out', 0);
  await clock.advance(5000);
  deadLetters.held = null;
  disk.reject(full);
  expect(await removing).toBe(1);
  expect(deadLetters.written).toMatchObject([{ lines: ['one'], settlement: { reason: 'sink_removed' } }]);
});

test('a write that succeeds while its records become dead letters: they do not count as not delivered', async () => {
  const { send, sink, deadLetters, dispatcher, clock } = setUp();
  const write = Promise.withResolvers<void>();
  sink.write = () => write.promise;
  const disk = Promise.withResolvers<void>();
  deadLetters.held = disk.promise;
  await send('one');
  const removing = dispatcher.removeSink('out', 0);
  await clock.advance(1000);
  write.resolve();
  await tick();
  disk.resolve();
  expect(await removing).toBe(0);
  expect(dispatcher.status().sources.get('a')).toMatchObject({
    delivered: 1,
    dead_lettered: 0,
    balanced: true,
  });
});
