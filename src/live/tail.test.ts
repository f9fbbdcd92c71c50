import { beforeEach, describe, expect, test } from 'vitest';
import { feed, RecordingLog, TestStream } from '../../test/fixtures/pipeline.ts';
import { FakeClock } from '../component/fake-clock.ts';
import type { Processor } from '../component/processor.ts';
import { Dispatcher } from '../dispatcher/dispatcher.ts';
import { Kernel } from '../kernel/kernel.ts';
import { LiveTail, type TailedLog } from './tail.ts';

let kernel: Kernel;
let clock: FakeClock;
let tail: LiveTail;
let dispatcher: Dispatcher;
let processors: Processor[];
let logs: TailedLog[];

beforeEach(() => {
  kernel = Kernel.create({ memoryBytes: 2 ** 21, slotBytes: 2 ** 16, slotRecords: 2000 });
  clock = new FakeClock({ epoch: Date.parse('2026-11-22T14:00:00.000Z') });
  tail = new LiveTail({ kernel, clock });
  processors = [];
  logs = [];
  const parts = {
    kernel,
    clock,
    log: new RecordingLog(),
    sources: new Map([
      ['a', processors],
      ['b', []],
    ]),
    sinks: [],
    batchTimeoutMs: 200,
    retry: { initialMs: 500, maxMs: 500, giveUpAfterMs: 0 },
    bufferDir: '',
    isLostOnceRead: () => false,
    observers: [tail],
  };
  dispatcher = new Dispatcher(parts);
});

const open = (filter: { source?: string; text?: string; rate?: number } = {}) =>
  tail.open({ rate: 50, ...filter }, { log: (log) => logs.push(log) });

async function pass(lines: readonly string[], stream = new TestStream('a', '/a.log')): Promise<void> {
  feed(kernel, dispatcher, stream, lines, clock.now());
  await clock.advance(200);
}

const texts = () => logs.map(({ text }) => text);

test('shows a log with where it comes from', async () => {
  open();
  await pass(['one', 'two']);
  expect(logs[1]).toEqual({
    at: '2026-11-22T14:00:00.000Z',
    source: 'a',
    source_id: '/a.log',
    text: 'two',
    offset: 4,
  });
});

test('shows what processors made of a log, and not those that they removed', async () => {
  processors.push({
    process(batch, segment) {
      segment.live = Uint32Array.of(segment.first + 1);
      batch.hasSeverities = true;
      batch.slot.severities[segment.first + 1] = 17;
    },
  });
  open();
  await pass(['removed', 'kept']);
  expect(logs).toMatchObject([{ text: 'kept', level: 'error' }]);
});

test('shows only logs of the source or the stream that is asked for', async () => {
  open({ source: '/b.log' });
  await pass(['one']);
  await pass(['two'], new TestStream('b', '/b.log'));
  expect(texts()).toEqual(['two']);
});

test('shows only logs that contain the text', async () => {
  const { take } = open({ text: 'needle' });
  await pass(['hay', 'a needle', 'hay']);
  expect(texts()).toEqual(['a needle']);
  expect(take()).toEqual({ passed: 3, shown: 1, skipped: 0, unsearched: 0 });
});

test('cuts a long log and says so', async () => {
  open();
  await pass(['x'.repeat(1000)]);
  expect(logs[0]).not.toHaveProperty('cut');
  const long = kernel.slots.take()!;
  long.bytes.write(`${'y'.repeat(9000)}\n`);
  const { count, consumed } = kernel.scanLines(long, {
    from: 0,
    length: 9001,
    firstRecord: 0,
    maxRecordBytes: 20_000,
    final: false,
  });
  const stream = new TestStream('a');
  dispatcher.handle({ slot: long, stream, bytes: consumed, count, readAt: 0, from: 0, position: consumed });
  await clock.advance(200);
  expect(logs[1]!.text).toHaveLength(8192);
  expect(logs[1]!.cut).toBe(true);
});

describe('more logs than the rate allows', () => {
  const many = Array.from({ length: 1000 }, (_, i) => `line ${i}`);

  test('a sample of all is shown, and the rest is counted', async () => {
    const { take } = open({ rate: 10 });
    await pass(many);
    expect(texts()).toEqual(Array.from({ length: 10 }, (_, i) => `line ${i * 100 + 50}`));
    expect(take()).toEqual({ passed: 1000, shown: 10, skipped: 990, unsearched: 0 });
    expect(take()).toEqual({ passed: 0, shown: 0, skipped: 0, unsearched: 0 });
  });

  test('a busy stream does not hide another', async () => {
    open({ rate: 10 });
    feed(kernel, dispatcher, new TestStream('a', '/busy'), many.slice(0, 500));
    feed(kernel, dispatcher, new TestStream('b', '/other'), many.slice(0, 500));
    await clock.advance(200);
    expect(logs.filter(({ source }) => source === 'b')).toHaveLength(5);
  });

  test('as time passes, more are shown, but a second’s worth at the most at once', async () => {
    open({ rate: 10 });
    await pass(many);
    await clock.advance(300);
    await pass(many);
    // 200 ms in the first batch's time, 500 ms since.
    expect(logs).toHaveLength(15);
    await clock.advance(60_000);
    await pass(many);
    expect(logs).toHaveLength(25);
  });

  test('with a text, those found beyond the rate are counted', async () => {
    const { take } = open({ rate: 10, text: 'line 1' });
    await pass(many);
    expect(take()).toMatchObject({ shown: 10, skipped: 101 });
  });
});

test('a client that has left costs nothing', async () => {
  const { end } = open();
  end();
  await pass(['one']);
  expect(logs).toEqual([]);
});
