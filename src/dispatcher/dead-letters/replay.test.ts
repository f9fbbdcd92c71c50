import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Rig, refused } from '../../../test/fixtures/dead-letters.ts';
import { TestStream } from '../../../test/fixtures/pipeline.ts';
import type { Batch } from '../../record/batch.ts';
import { stampOf } from '../../record/stamp.ts';
import type { Settlement } from '../settlement.ts';
import type { LetterBatch } from './letter-batch.ts';
import { Replay, type ReplayRequest } from './replay.ts';
import { Replays } from './replays.ts';

const TAKEN: Settlement = { rejected: 0, indexes: null, reason: '', deadLettered: false };

interface Sent {
  readonly sink: string;
  readonly texts: string[];
  readonly batch: LetterBatch;
}

/** A replay whose batches are answered as `answer` says; by default they are taken. */
function replayOf(
  rig: Rig,
  request: ReplayRequest = {},
  answer: (sent: Sent) => Settlement | Promise<Settlement> = () => TAKEN,
  sinks: readonly string[] = ['out'],
) {
  const sent: Sent[] = [];
  const options = {
    store: rig.store,
    slots: rig.kernel.slots,
    clock: rig.clock,
    log: rig.log,
    stamp: () => 'trace_and_span' as const,
    hasSink: (id: string) => sinks.includes(id),
    async resend(sink: string, batch: Batch) {
      const entry = { sink, texts: textsOf(rig, batch), batch: batch as LetterBatch };
      sent.push(entry);
      return answer(entry);
    },
  };
  return { sent, options, replay: new Replay(request, options) };
}

function textsOf(rig: Rig, { slot, count }: Batch): string[] {
  return Array.from({ length: count }, (_, row) =>
    rig.kernel.bytes.toString('latin1', slot.starts[row]!, slot.starts[row]! + slot.lengths[row]!),
  );
}

test('what the sink takes is sent once, in order, and its file is deleted', async () => {
  await using rig = await Rig.create();
  await rig.refuse(['a', 'b']);
  await rig.refuse(['c']);
  const { replay, sent } = replayOf(rig);
  await replay.run();
  expect(sent.map(({ texts }) => texts)).toEqual([['a', 'b', 'c']]);
  expect(replay.status()).toMatchObject({ state: 'done', sent: 3, refused: 0, left_aside: 0 });
  expect(await rig.files()).toEqual([]);
  expect(rig.store.status().records).toBe(0);
});

test('what the sink refuses again stays, once, and is sent by the next replay', async () => {
  await using rig = await Rig.create();
  await rig.refuse(['a', 'b', 'c']);
  const first = replayOf(rig, {}, () => refused(1, 'bad', [1]));
  await first.replay.run();
  expect(first.replay.status()).toMatchObject({ sent: 2, refused: 1 });
  expect(rig.store.status().records).toBe(1);
  await rig.restart();
  expect(rig.store.status().records).toBe(1);
  const second = replayOf(rig);
  await second.replay.run();
  expect(second.sent.map(({ texts }) => texts)).toEqual([['b']]);
  expect(await rig.files()).toEqual([]);
});

test('where the sink does not say which it refuses, all stay', async () => {
  await using rig = await Rig.create();
  await rig.refuse(['a', 'b']);
  const { replay } = replayOf(rig, {}, () => refused(1));
  await replay.run();
  expect(replay.status()).toMatchObject({ sent: 0, refused: 2 });
  expect(rig.store.status().records).toBe(2);
});

test('only what is asked for is sent', async () => {
  await using rig = await Rig.create();
  await rig.refuse(['a'], 'out', 'too_old');
  await rig.refuse(['b'], 'out', 'too_long');
  await rig.refuse(['c'], 'other', 'too_old');
  const { replay, sent } = replayOf(rig, { sink: 'out', reason: 'too_old' }, undefined, ['out', 'other']);
  await replay.run();
  expect(sent.map(({ texts }) => texts)).toEqual([['a']]);
  expect(rig.store.status().by_sink).toEqual({ out: 1, other: 1 });
});

test('letters of a sink that is gone stay, unless another one is named', async () => {
  await using rig = await Rig.create();
  await rig.refuse(['a'], 'gone');
  const first = replayOf(rig);
  await first.replay.run();
  expect(first.sent).toEqual([]);
  const second = replayOf(rig, { sink: 'gone', to: 'out' });
  await second.replay.run();
  expect(second.sent).toMatchObject([{ sink: 'out', texts: ['a'] }]);
  expect(rig.store.status().records).toBe(0);
});

test('more than fits one batch goes in several, each marked before the next', async () => {
  await using rig = await Rig.create();
  const texts = Array.from({ length: 10 }, (_, i) => String(i).repeat(4000));
  for (const text of texts) await rig.refuse([text]);
  const waiting: number[] = [];
  const { replay, sent } = replayOf(rig, {}, () => {
    waiting.push(rig.store.status().records);
    return TAKEN;
  });
  await replay.run();
  expect(sent.flatMap((entry) => entry.texts)).toEqual(texts);
  expect(waiting).toEqual([10, 6, 2]);
  expect(rig.kernel.slots.free).toBe(rig.kernel.slots.size);
});

test('cancelled between two batches, the next replay goes on behind what was taken', async () => {
  await using rig = await Rig.create();
  const texts = Array.from({ length: 8 }, (_, i) => String(i).repeat(4000));
  for (const text of texts) await rig.refuse([text]);
  const first = replayOf(rig, {}, () => {
    first.replay.cancel();
    return TAKEN;
  });
  await first.replay.run();
  expect(first.replay.status()).toMatchObject({ state: 'cancelled', sent: 4 });
  await rig.restart();
  const second = replayOf(rig);
  await second.replay.run();
  expect(second.sent.flatMap((entry) => entry.texts)).toEqual(texts.slice(4));
});

test('abandoned in a batch, that batch is sent again by the next replay', async () => {
  await using rig = await Rig.create();
  await rig.refuse(['a']);
  const asked = Promise.withResolvers<void>();
  const never = new Promise<Settlement>(() => {});
  const first = replayOf(rig, {}, () => {
    asked.resolve();
    return never;
  });
  const running = first.replay.run();
  await asked.promise;
  first.replay.abandon();
  await running;
  expect(first.replay.status()).toMatchObject({ state: 'cancelled', sent: 0 });
  await rig.restart();
  const second = replayOf(rig);
  await second.replay.run();
  expect(second.sent.map(({ texts }) => texts)).toEqual([['a']]);
});

test('a damaged line is left aside, counted, and keeps its file', async () => {
  await using rig = await Rig.create();
  await rig.refuse(['a']);
  const path = join(rig.store.dir, 'out-000001.jsonl');
  await appendFile(path, 'not a letter\n');
  await appendFile(path, await readFile(path).then((bytes) => bytes.subarray(0, bytes.indexOf(0x0a) + 1)));
  await rig.restart();
  const { replay, sent } = replayOf(rig);
  await replay.run();
  expect(sent.map(({ texts }) => texts)).toEqual([['a', 'a']]);
  expect(replay.status()).toMatchObject({ sent: 2, left_aside: 1 });
  expect(await rig.files()).toEqual(['out-000001.jsonl', 'out-000001.sent']);
});

test('when it is not known what was sent, all is sent again', async () => {
  await using rig = await Rig.create();
  await rig.refuse(['a', 'b']);
  await replayOf(rig, {}, () => refused(1, 'bad', [0])).replay.run();
  await writeFile(join(rig.store.dir, 'out-000001.sent'), '{"letters":1,"ranges":[[0,99999999]]}');
  await rig.restart();
  const { replay, sent } = replayOf(rig);
  await replay.run();
  expect(sent.map(({ texts }) => texts)).toEqual([['a', 'b']]);
});

test('a letter that arrives while a replay runs is not part of it', async () => {
  await using rig = await Rig.create();
  await rig.refuse(['a']);
  const { replay, sent } = replayOf(rig, {}, async () => {
    await rig.refuse(['b']);
    return TAKEN;
  });
  await replay.run();
  expect(sent.map(({ texts }) => texts)).toEqual([['a']]);
  expect((await rig.letters()).map(({ text }) => text)).toEqual(['b']);
});

test('the sink sees records as they were: stream, labels, time of reading, level, time, fields, flags, trace', async () => {
  await using rig = await Rig.create();
  const stream = Object.assign(new TestStream('app', '/var/log/a.log'), {
    labels: { service: 'shop' },
    path: '/var/log/a.log',
  });
  const bytes = [Buffer.from('plain'), Buffer.from([0xff, 0x00, 0x0d]), Buffer.from('{"a":1}')];
  const delivery = rig.delivery(bytes, 'out', stream);
  const { batch } = delivery;
  batch.hasSeverities = true;
  batch.hasTimestamps = true;
  batch.slot.severities.set([0, 13, 17]);
  batch.slot.timestamps.set([0n, 5n, 1_700_000_000_123_456_789n]);
  batch.slot.flags.set([0, 0, 2]);
  batch.fields = [undefined, undefined, { a: 1 }];
  delivery.segments[0]!.traced = {
    rows: Uint32Array.of(2),
    count: 1,
    prefix: 3n,
    seed: 7n,
    threshold: 0n,
    hasContexts: false,
    stamp: 'none',
  };
  await rig.store.write(delivery, refused(3), 'no good');
  const traceId = rig.kernel.traceId({ prefix: 3n, seed: 7n }, 0n, 2).toString('hex');
  const { replay } = replayOf(rig, {}, ({ batch: resent }) => {
    const { slot, segments, count } = resent;
    expect(count).toBe(3);
    expect(segments).toHaveLength(1);
    expect(segments[0]).toMatchObject({ first: 0, count: 3, from: 100, address: slot.address });
    expect(segments[0]!.readAt).toBeCloseTo(0, 0);
    expect(segments[0]!.stream).toMatchObject({
      id: '/var/log/a.log',
      path: '/var/log/a.log',
      source: 'app',
      sourceType: 'test',
      labels: { service: 'shop' },
    });
    expect(textsOf(rig, resent)).toEqual(bytes.map((record) => record.toString('latin1')));
    expect(Array.from(slot.severities.subarray(0, 3))).toEqual([0, 13, 17]);
    expect(Array.from(slot.timestamps.subarray(0, 3))).toEqual([0n, 5n, 1_700_000_000_123_456_789n]);
    expect(Array.from(slot.flags.subarray(0, 3))).toEqual([0, 0, 2]);
    expect([0, 1, 2].map((row) => resent.fields.at(row))).toEqual([undefined, undefined, { a: 1 }]);
    // A letter has no span id, and one that is drawn anew would be that of no span.
    expect([0, 1, 2].map((row) => stampOf(rig.kernel, slot, segments[0]!.traced, row))).toEqual([
      undefined,
      undefined,
      { trace_id: traceId },
    ]);
    return TAKEN;
  });
  await replay.run();
  expect(replay.status()).toMatchObject({ state: 'done', sent: 3 });
});

test('a fault is told in the status, and what was taken before stays taken', async () => {
  await using rig = await Rig.create();
  await rig.refuse(['a']);
  const { replay } = replayOf(rig, {}, () => {
    throw new Error('there is no sink out');
  });
  await replay.run();
  expect(replay.status()).toMatchObject({ state: 'failed', error: 'there is no sink out' });
  expect(rig.store.status().records).toBe(1);
});

test('one replay runs at a time, and none after the end', async () => {
  await using rig = await Rig.create();
  await rig.refuse(['a']);
  const answer = Promise.withResolvers<Settlement>();
  const { options } = replayOf(rig, {}, () => answer.promise);
  const replays = new Replays(options);
  expect(replays.status()).toBeUndefined();
  expect(replays.start({})).toMatchObject({ state: 'running' });
  expect(replays.start({})).toBeUndefined();
  expect(replays.cancel()).toBe(true);
  answer.resolve(TAKEN);
  await replays.stop();
  expect(replays.status()).toMatchObject({ state: 'cancelled' });
  expect(replays.start({})).toBeUndefined();
  expect(replays.cancel()).toBe(false);
});
