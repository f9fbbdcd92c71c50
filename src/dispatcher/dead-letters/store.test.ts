import { appendFile, chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Rig, refused } from '../../../test/fixtures/dead-letters.ts';
import { RetryableError } from '../../component/errors.ts';
import { RecordFlag } from '../../kernel/slot.ts';
import type { FieldsByRecord } from '../../record/batch.ts';
import { bytesOf } from './dead-letter.ts';

test('any bytes come back as they were', async () => {
  await using rig = await Rig.create();
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.string({ unit: 'binary' })), {
        minLength: 1,
        maxLength: 20,
      }),
      async (records) => {
        const before = (await rig.letters()).length;
        const bytes = records.map((record) => Buffer.from(record as string));
        const delivery = rig.delivery(bytes);
        await rig.store.write(delivery, refused(bytes.length), 'no good');
        rig.kernel.slots.give(delivery.batch.slot);
        expect((await rig.letters()).slice(before).map(bytesOf)).toEqual(bytes);
      },
    ),
    { numRuns: 40 },
  );
});

test('a letter says where its record comes from, why it is here and what processors had found', async () => {
  await using rig = await Rig.create();
  const delivery = rig.delivery([Buffer.from('good'), Buffer.from('{"a":1}')]);
  const { batch } = delivery;
  batch.hasSeverities = true;
  batch.hasTimestamps = true;
  batch.slot.severities.set([0, 17]);
  batch.slot.timestamps.set([0n, 1_700_000_000_123_456_789n]);
  batch.slot.flags[1] = RecordFlag.split;
  batch.fields = [undefined, { a: 1 }];
  delivery.segments[0]!.traced = {
    rows: Uint32Array.of(1),
    count: 1,
    prefix: 3n,
    seed: 7n,
    threshold: 0n,
    hasContexts: false,
    stamp: 'none',
  };
  delivery.attempts.push({ startedAt: 0, endedAt: 1 }, { startedAt: 2, endedAt: 3 });
  await rig.store.write(delivery, refused(1, 'too_old', [1]), 'timestamp too old');
  const [letter] = await rig.letters();
  expect(letter).toEqual({
    dead_lettered_at: new Date(rig.clock.toEpoch(rig.clock.now())).toISOString(),
    sink: 'out',
    reason: 'too_old',
    message: 'timestamp too old',
    attempts: 2,
    source: 'app',
    source_type: 'test',
    stream: 'app',
    offset: 105,
    read_at: new Date(rig.clock.toEpoch(0)).toISOString(),
    uid: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-z]{8}-000000000069$/),
    trace_id: rig.kernel.traceId({ prefix: 3n, seed: 7n }, 0n, 1).toString('hex'),
    severity: 17,
    timestamp_ns: '1700000000123456789',
    fields: { a: 1 },
    flags: RecordFlag.split,
    text: '{"a":1}',
  });
});

test('of records that the sink named, only those are kept', async () => {
  await using rig = await Rig.create();
  const delivery = rig.delivery(['a', 'b', 'c'].map((text) => Buffer.from(text)));
  await rig.store.write(delivery, refused(2, 'bad', [0, 2]), 'no good');
  expect((await rig.letters()).map(({ text }) => text)).toEqual(['a', 'c']);
});

test('where the sink named none, all are kept, and say so', async () => {
  await using rig = await Rig.create();
  const delivery = rig.delivery(['a', 'b', 'c'].map((text) => Buffer.from(text)));
  await rig.store.write(delivery, refused(1), 'no good');
  expect((await rig.letters()).map(({ text, uncertain }) => [text, uncertain])).toEqual(
    ['a', 'b', 'c'].map((text) => [text, { refused: 1, of: 3 }]),
  );
});

test('files and their folder are for their owner only', async () => {
  await using rig = await Rig.create();
  await rig.refuse(['a']);
  const { stat } = await import('node:fs/promises');
  expect((await stat(rig.store.dir)).mode & 0o777).toBe(0o700);
  expect((await stat(join(rig.store.dir, 'out-000001.jsonl'))).mode & 0o777).toBe(0o600);
});

test('a file that is full is followed by another', async () => {
  await using rig = await Rig.create({ maxFileBytes: 1 });
  await rig.refuse(['a']);
  await rig.refuse(['b']);
  expect(await rig.files()).toEqual(['out-000001.jsonl', 'out-000002.jsonl']);
});

test('sinks do not share files, also where one is named like a file of the other', async () => {
  await using rig = await Rig.create();
  await rig.refuse(['a'], 'out');
  await rig.refuse(['b'], 'out-000001');
  await rig.restart();
  expect(rig.store.status().by_sink).toEqual({ out: 1, 'out-000001': 1 });
});

test('beyond the bound the oldest file is deleted, counted and said', async () => {
  await using rig = await Rig.create({ maxBytes: 1000, maxFileBytes: 1 });
  await rig.refuse(['a', 'b']);
  await rig.refuse(['c'.repeat(600)]);
  expect((await rig.letters()).map(({ text }) => text?.[0])).toEqual(['c']);
  expect(rig.store.status()).toMatchObject({ records: 1, files: 1, evicted: 2, written: 3 });
  expect(rig.log.lines).toMatchObject([{ level: 'error', fields: { records: 2 } }]);
});

test('a file that cannot be deleted to make room keeps no letter from being written once', async () => {
  await using rig = await Rig.create({ maxBytes: 1000, maxFileBytes: 1 });
  await rig.refuse(['a']);
  const oldest = join(rig.store.dir, 'out-000001.jsonl');
  await rm(oldest);
  await mkdir(oldest);
  await rig.refuse(['b'.repeat(1000)]);
  await rm(oldest, { recursive: true });
  expect((await rig.letters()).map(({ text }) => text?.[0])).toEqual(['b']);
  expect(rig.log.lines).toMatchObject([{ level: 'warn', fields: { file: oldest } }]);
  await rig.refuse(['c']);
  expect(rig.store.status()).toMatchObject({ written: 3, evicted: 2 });
});

test('the newest file stays even when it is larger than the bound', async () => {
  await using rig = await Rig.create({ maxBytes: 1 });
  await rig.refuse(['a']);
  expect(rig.store.status()).toMatchObject({ records: 1, evicted: 0 });
});

test('what earlier runs left is counted, and not written to', async () => {
  await using rig = await Rig.create();
  await rig.refuse(['a', 'b']);
  await rig.restart();
  expect(rig.store.status()).toMatchObject({ records: 2, files: 1, written: 0 });
  await rig.refuse(['c']);
  expect(await rig.files()).toEqual(['out-000001.jsonl', 'out-000002.jsonl']);
  expect(rig.store.status().records).toBe(3);
});

test('cut off at any byte, a file loses the last letter and no other', async () => {
  await using rig = await Rig.create();
  await rig.refuse(['first', 'zweite ü', 'third']);
  const path = join(rig.store.dir, 'out-000001.jsonl');
  const whole = await readFile(path);
  const ends = [...whole.entries()].filter(([, byte]) => byte === 0x0a).map(([at]) => at + 1);
  for (let length = whole.length; length >= 1; length--) {
    await writeFile(path, whole.subarray(0, length));
    await rig.restart();
    const intact = ends.filter((end) => end <= length).length;
    expect(rig.store.status().records, `cut at ${length}`).toBe(intact);
    expect(await rig.letters()).toHaveLength(intact);
  }
});

test('a torn end is said, and new letters are not glued to it', async () => {
  await using rig = await Rig.create();
  await rig.refuse(['a']);
  await appendFile(join(rig.store.dir, 'out-000001.jsonl'), '{"dead_let');
  await rig.restart();
  expect(rig.log.lines).toMatchObject([{ level: 'warn', fields: { bytes: 10 } }]);
  await rig.refuse(['b']);
  expect((await rig.letters()).map(({ text }) => text)).toEqual(['a', 'b']);
});

test('a failed write leaves nothing behind, throws what is tried again, and the next one works', async () => {
  await using rig = await Rig.create();
  await rig.refuse(['a']);
  // Some of it is written before the fault.
  const delivery = rig.delivery(Array.from({ length: 900 }, (_, row) => Buffer.from(`${row}`)));
  const batch = delivery.batch as { fields: FieldsByRecord | null };
  batch.fields = {
    at(row) {
      if (row === 899) throw new Error('no space left on device');
      return undefined;
    },
  };
  const message = 'x'.repeat(500);
  const writing = rig.store.write(delivery, refused(900), message);
  await expect(writing).rejects.toThrow(/cannot write dead letters.*no space left/);
  await expect(writing).rejects.toBeInstanceOf(RetryableError);
  expect(await rig.letters()).toHaveLength(1);
  batch.fields = null;
  await rig.store.write(delivery, refused(2, 'bad', [0, 1]), message);
  expect((await rig.letters()).map(({ text }) => text)).toEqual(['a', '0', '1']);
});

test.skipIf(process.getuid?.() === 0)('a folder that cannot be written to is tried again', async () => {
  await using rig = await Rig.create();
  await chmod(rig.store.dir, 0o500);
  await expect(rig.refuse(['a'])).rejects.toThrow(/cannot write dead letters/);
  await chmod(rig.store.dir, 0o700);
  await rig.refuse(['a']);
  expect(await rig.letters()).toHaveLength(1);
});

test('writes at the same time do not mix', async () => {
  await using rig = await Rig.create();
  await Promise.all(['a', 'b', 'c'].map((text) => rig.refuse([text, text, text])));
  expect((await rig.letters()).map(({ text }) => text).join('')).toBe('aaabbbccc');
});

test('close and open are safe with nothing there', async () => {
  await using rig = await Rig.create();
  await rig.store.close();
  await rig.store.close();
  expect(rig.store.status()).toMatchObject({ records: 0, files: 0, bytes: 0 });
});
