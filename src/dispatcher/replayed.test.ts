/** What observers are told of records that waited in a disk buffer. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../../test/fixtures/disk-buffer.ts';
import { feed, RecordingLog, ScriptedSink, TestStream } from '../../test/fixtures/pipeline.ts';
import { PartialError, RetryableError } from '../component/errors.ts';
import { FakeClock } from '../component/fake-clock.ts';
import type { Outcome } from '../component/observer.ts';
import { Kernel } from '../kernel/kernel.ts';
import type { Delivery } from '../record/delivery.ts';
import { Dispatcher } from './dispatcher.ts';

const PAUSE_MS = 500;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'replayed-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Told {
  readonly sink: string;
  readonly records: number;
  readonly latencies: readonly number[];
  readonly outcome: Outcome;
}

function setUp() {
  const kernel = Kernel.create({ memoryBytes: 2 ** 18, slotBytes: 2 ** 14, slotRecords: 200 });
  const clock = new FakeClock();
  const sink = new ScriptedSink(kernel);
  const told: Told[] = [];
  let completed = 0;
  const dispatcher = new Dispatcher({
    kernel,
    clock,
    log: new RecordingLog(),
    sources: new Map([['http', []]]),
    sinks: [
      {
        id: 'out',
        sink,
        selects: () => true,
        buffer: { maxBytes: 2 ** 22, whenFull: 'block', fsync: 'always' },
      },
    ],
    batchTimeoutMs: 200,
    retry: { initialMs: PAUSE_MS, maxMs: PAUSE_MS, giveUpAfterMs: 0 },
    buffers: { folder, isLostOnceRead: () => true },
    observers: [
      {
        completed: () => void completed++,
        replayed: (delivery, outcome) => void told.push(toldOf(delivery, outcome)),
      },
    ],
  });
  const stream = new TestStream('http');
  const send = async (...lines: string[]) => {
    feed(kernel, dispatcher, stream, lines);
    await clock.advance(200);
  };
  const answer = async (error?: Error) => {
    await until(() => sink.waiting > 0);
    await sink.answer(error);
  };
  return { clock, dispatcher, told, send, answer, completed: () => completed };
}

function toldOf({ sink, records, segments, attempts }: Delivery, outcome: Outcome): Told {
  const endedAt = attempts.at(-1)!.endedAt;
  return { sink, records, outcome, latencies: segments.map(({ readAt }) => endedAt - readAt) };
}

async function stop({ dispatcher, clock }: ReturnType<typeof setUp>): Promise<void> {
  const drained = dispatcher.drain(0);
  await clock.advance(0);
  await drained;
}

test('the end of what was in a disk buffer is told, with when it was read at first', async () => {
  const rig = setUp();
  await rig.dispatcher.open();
  await rig.send('one', 'two');
  await rig.answer(new RetryableError('down', { reason: 'refused' }));
  await until(() => rig.completed() === 1);
  expect(rig.told).toEqual([]);
  await rig.clock.advance(PAUSE_MS);
  await rig.answer(new PartialError('no', { count: 1, indexes: [0], reason: '400' }));
  expect(rig.told).toEqual([
    {
      sink: 'out',
      records: 2,
      latencies: [200 + PAUSE_MS],
      outcome: { delivered: 1, filtered: 0, deadLettered: 0, dropped: 1 },
    },
  ]);
  await stop(rig);
});

test('nothing is told of what goes straight through', async () => {
  const rig = setUp();
  await rig.dispatcher.open();
  await rig.send('one');
  await rig.answer();
  expect(rig.completed()).toBe(1);
  expect(rig.told).toEqual([]);
  await stop(rig);
});
