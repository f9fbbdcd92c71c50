import { getEventListeners } from 'node:events';
import { appendFile, mkdir, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { BufferRig, partOf, readAll, summary, until } from '../../../test/fixtures/disk-buffer.ts';
import { parseName } from './format.ts';
import { holdingsOf } from './holdings.ts';
import { FrameWriter } from './writer.ts';

let rig: BufferRig;

beforeEach(async () => {
  rig = await BufferRig.create();
});
afterEach(() => rig[Symbol.asyncDispose]());

const files = async () => (await readdir(rig.folder)).filter((name) => parseName(name) !== undefined);
const never = new AbortController().signal;

test('gives back what was stored, in order, and then deletes it', async () => {
  const buffer = await rig.open();
  await rig.store(buffer, 'one', 'two');
  await rig.store(buffer, 'three');
  expect(summary(buffer.held)).toEqual({ records: 3, sources: { web: 3 } });
  expect(await readAll(buffer)).toEqual(['one', 'two', 'three']);
  expect(buffer.status()).toMatchObject({ bytes: 0, records: 0, files: 0 });
  await until(async () => (await files()).length === 0);
  await rig.store(buffer, 'four');
  expect(await readAll(buffer)).toEqual(['four']);
});

test('a frame can be read once it is safe, not before', async () => {
  const buffer = await rig.open();
  await buffer.append(partOf(rig.kernel, [{ lines: ['one'] }]), null);
  expect(await readAll(buffer)).toEqual([]);
  expect(buffer.held.records).toBe(0);
  await buffer.commit();
  expect(await readAll(buffer)).toEqual(['one']);
});

test('records that count for the ledger of another buffer are held, but not for their source', async () => {
  const buffer = await rig.open();
  const part = partOf(rig.kernel, [{ lines: ['a'] }, { lines: ['b', 'c'], counts: false }]);
  await buffer.append(part, null);
  await buffer.commit();
  expect(summary(buffer.held)).toEqual({ records: 3, sources: { web: 1 } });
});

describe('after a restart', () => {
  test('what was not done is there again', async () => {
    const first = await rig.open();
    await rig.store(first, 'one');
    await rig.store(first, 'two', 'three');
    await first.close();
    const second = await rig.open();
    expect(summary(second.held)).toEqual({ records: 3, sources: { web: 3 } });
    expect(await readAll(second)).toEqual(['one', 'two', 'three']);
  });

  test('what was done is not, also when the rest of its file is', async () => {
    const first = await rig.open();
    for (const line of ['one', 'two', 'three']) await rig.store(first, line);
    const stored = (await first.next())!;
    first.done(stored);
    await first.close();
    expect(await readAll(await rig.open())).toEqual(['two', 'three']);
  });

  test('frames done in another order than they were read: those from the first that is not are sent again', async () => {
    const first = await rig.open();
    for (const line of ['one', 'two', 'three']) await rig.store(first, line);
    const [one, two] = [(await first.next())!, (await first.next())!];
    first.done(two);
    await first.close();
    expect(await readAll(await rig.open())).toEqual(['one', 'two', 'three']);
    expect(one.frame.number).toBe(1);
  });

  test('a crash without a word: what was safe is there; the place is known to within a second', async () => {
    const first = await rig.open();
    for (const line of ['one', 'two']) await rig.store(first, line);
    first.done((await first.next())!);
    await rig.clock.advance(1000);
    await until(async () => (await readdir(rig.folder)).includes('cursor'));
    expect(await readAll(await rig.open())).toEqual(['two']);
  });

  test('the end of a file that was not written is cut off, and is no damage', async () => {
    const first = await rig.open();
    for (const line of ['one', 'two']) await rig.store(first, line);
    const [name] = await files();
    const path = join(rig.folder, name!);
    await truncate(path, (await stat(path)).size - 3);
    const second = await rig.open();
    expect(await readAll(second)).toEqual(['one']);
    expect(second.status()).toMatchObject({ damaged_places: 0 });
    await rig.store(second, 'three');
    expect(await readAll(second)).toEqual(['three']);
  });

  test('a damaged cursor only sends again what was sent', async () => {
    const first = await rig.open();
    for (const line of ['one', 'two']) await rig.store(first, line);
    first.done((await first.next())!);
    await first.close();
    await writeFile(join(rig.folder, 'cursor'), '00000000 2\n');
    expect(await readAll(await rig.open())).toEqual(['one', 'two']);
  });
});

test('its age is that of its oldest record that is not done', async () => {
  const buffer = await rig.open();
  expect(buffer.status().oldest_seconds).toBe(0);
  await rig.store(buffer, 'old');
  await rig.clock.advance(60_000);
  const late = partOf(rig.kernel, [{ lines: ['new'], readAt: rig.clock.now() }]);
  await buffer.append(late, null);
  await buffer.commit();
  await rig.clock.advance(5);
  expect(buffer.status().oldest_seconds).toBe(60);
  const old = (await buffer.next())!;
  const young = (await buffer.next())!;
  expect(buffer.status().oldest_seconds).toBe(60);
  buffer.release(holdingsOf(old.frame.head));
  buffer.done(old);
  expect(buffer.status().oldest_seconds).toBe(0.005);
  buffer.release(holdingsOf(young.frame.head));
  buffer.done(young);
  expect(buffer.status().oldest_seconds).toBe(0);
});

test('what an earlier run left is as old as it is', async () => {
  const first = await rig.open();
  await rig.store(first, 'old');
  await rig.clock.advance(60_005);
  await first.close();
  expect((await rig.open()).status().oldest_seconds).toBe(60);
});

describe('damage', () => {
  const LINES = ['first line', 'the second', 'number three'];

  async function written(): Promise<{ path: string; intact: Buffer; ends: number[] }> {
    const buffer = await rig.open();
    const ends: number[] = [];
    for (const line of LINES) {
      await rig.store(buffer, line);
      ends.push(buffer.bytes);
    }
    const path = join(rig.folder, (await files())[0]!);
    return { path, intact: await readFile(path), ends };
  }

  test('at any byte: the start succeeds, the damage is reported, and nothing intact is lost', async () => {
    const { path, intact, ends } = await written();
    for (let at = 0; at < intact.length; at++) {
      const damaged = Buffer.from(intact);
      damaged[at]! ^= 1 << (at % 8);
      await writeFile(path, damaged);
      await rm(join(rig.folder, 'damaged'), { recursive: true, force: true });
      const buffer = await rig.open();
      const frame = ends.findIndex((end) => at < end);
      const expected = LINES.filter((_, k) => k !== frame);
      expect(summary(buffer.held).records, `byte ${at}`).toBe(2);
      expect(await readAll(buffer), `byte ${at}`).toEqual(expected);
      expect(buffer.status().damaged_places, `byte ${at}`).toBe(1);
      expect(buffer.status().damaged_bytes).toBe(ends[frame]! - (ends[frame - 1] ?? 0));
      await until(async () => (await readdir(join(rig.folder, 'damaged')).catch(() => [])).length === 1);
      await buffer.close();
      await rm(join(rig.folder, 'cursor'), { force: true });
    }
    expect(rig.lost).toEqual([]);
    expect(rig.log.lines.filter(({ level }) => level === 'error').length).toBe(intact.length);
  });

  test('bytes before, between and behind frames', async () => {
    const { path, intact, ends } = await written();
    const junk = Buffer.from('LCF1 this is no frame'.repeat(20));
    const pieces = [0, ...ends].map((from, k) => intact.subarray(from, ends[k]));
    await writeFile(path, Buffer.concat(pieces.flatMap((piece) => [junk, piece])));
    const buffer = await rig.open();
    expect(await readAll(buffer)).toEqual(LINES);
    expect(buffer.status().damaged_places).toBe(4);
  });

  test('log text that looks like a frame is none', async () => {
    const { path, intact, ends } = await written();
    const other = await rig.open();
    // The first frame as the text of a log, in a file with another nonce.
    await rig.store(other, intact.subarray(0, ends[0]).toString('latin1'));
    const names = (await files()).toSorted();
    const file = join(rig.folder, names.at(-1)!);
    const damaged = await readFile(file);
    damaged[0]! ^= 1;
    await writeFile(file, damaged);
    await rm(path);
    const buffer = await rig.open();
    expect(await readAll(buffer)).toEqual([]);
    expect(buffer.status()).toMatchObject({ damaged_places: 1, damaged_bytes: damaged.length });
  });

  test('that comes while the agent runs: what cannot be read is counted as dropped', async () => {
    const buffer = await rig.open();
    for (const line of LINES) await rig.store(buffer, line);
    const path = join(rig.folder, (await files())[0]!);
    const bytes = await readFile(path);
    bytes[40]! ^= 1;
    await writeFile(path, bytes);
    expect(await readAll(buffer)).toEqual(LINES.slice(1));
    expect(rig.lost).toEqual([{ records: 1, sources: { web: 1 }, reason: 'buffer_damaged' }]);
    expect(buffer.held.records).toBe(0);
    await until(async () => (await readdir(join(rig.folder, 'damaged')).catch(() => [])).length === 1);
  });

  test.each([true, false])(
    'a file that is truncated while the agent runs is damaged up to its end (found at the start: %s)',
    async (reopened) => {
      const writer = await rig.open();
      for (const line of LINES) await rig.store(writer, line);
      const path = join(rig.folder, (await files())[0]!);
      if (reopened) await writer.close();
      const buffer = reopened ? await rig.open() : writer;
      await truncate(path, (await stat(path)).size - 3);
      expect(await readAll(buffer)).toEqual(LINES.slice(0, 2));
      expect(rig.lost).toEqual([{ records: 1, sources: { web: 1 }, reason: 'buffer_damaged' }]);
      expect(buffer.status()).toMatchObject({ records: 0, damaged_places: 1 });
      await rig.store(buffer, 'later');
      expect(await readAll(buffer)).toEqual(['later']);
    },
  );

  test('only some damaged files are kept', async () => {
    await mkdir(join(rig.folder, 'damaged'), { recursive: true });
    for (let k = 0; k < 6; k++)
      await writeFile(join(rig.folder, 'damaged', `000000000${k}-0000000a.buf`), '');
    await appendFile(
      join(rig.folder, '0000000007-0000000a.buf'),
      'no frame at all, and longer than a header is',
    );
    await rig.open();
    const kept = (await readdir(join(rig.folder, 'damaged'))).map((name) => parseName(name)!.number);
    expect(kept.toSorted((a, b) => a - b)).toEqual([3, 4, 5, 7]);
  });
});

describe('full', () => {
  const MAX = 2 ** 21;
  /** About 200 kB; files hold a megabyte. */
  const big = (name: string) => name.padEnd(200_000, '.');
  const names = (lines: readonly string[]) => lines.map((line) => line.replaceAll('.', ''));
  const part = (name: string) => partOf(rig.kernel, [{ lines: [big(name)] }]);

  test('block: does not take more, and says so; takes it once something is done', async () => {
    const buffer = await rig.open({ maxBytes: MAX });
    let count = 0;
    while (await buffer.append(part(String(count)), null)) {
      await buffer.commit();
      count++;
      if (rig.kernel.slots.free < 3) giveBack();
    }
    expect(buffer.bytes).toBeLessThanOrEqual(MAX);
    expect(count).toBe(10);
    const waiting = buffer.append(part('late'), never);
    await until(() => buffer.status().full);
    expect(names(await readAll(buffer))).toEqual(Array.from({ length: 10 }, (_, k) => String(k)));
    expect(await waiting).toBe(true);
    await buffer.commit();
    expect(names(await readAll(buffer))).toEqual(['late']);
    expect(rig.lost).toEqual([]);
  });

  test('block: who waits for room can be told to stop', async () => {
    const buffer = await rig.open({ maxBytes: MAX });
    for (let k = 0; k < 10; k++) await rig.store(buffer, big(String(k)));
    const stop = new AbortController();
    const waiting = buffer.append(part('late'), stop.signal);
    await until(() => buffer.status().full);
    stop.abort();
    expect(await waiting).toBe(false);
    await buffer.close();
    expect((await readAll(await rig.open())).length).toBe(10);
  });

  test('drop_oldest: the oldest file makes room, and what it held is counted', async () => {
    const buffer = await rig.open({ maxBytes: MAX, whenFull: 'drop_oldest' });
    for (let k = 0; k < 23; k++) await rig.store(buffer, big(String(k)));
    expect(buffer.bytes).toBeLessThanOrEqual(MAX);
    const dropped = rig.lost.reduce((sum, { records }) => sum + records, 0);
    expect(rig.lost.every(({ reason }) => reason === 'buffer_full')).toBe(true);
    expect(dropped).toBeGreaterThan(0);
    expect(buffer.held.records).toBe(23 - dropped);
    expect(names(await readAll(buffer))).toEqual(
      Array.from({ length: 23 - dropped }, (_, k) => String(dropped + k)),
    );
  });

  test('drop_oldest: what was read back and is on its way is not dropped', async () => {
    const buffer = await rig.open({ maxBytes: MAX, whenFull: 'drop_oldest' });
    await rig.store(buffer, big('0'));
    const stored = (await buffer.next())!;
    for (let k = 1; k < 12; k++) await rig.store(buffer, big(String(k)));
    const dropped = rig.lost.reduce((sum, { records }) => sum + records, 0);
    expect(buffer.held.records).toBe(12 - dropped);
    expect(buffer.unread).toBe(11 - dropped);
    buffer.done(stored);
    expect(names(await readAll(buffer))[0]).toBe(String(dropped + 1));
  });

  /** Slots of parts that were only made to be stored. */
  function giveBack(): void {
    rig.kernel.slots.give(rig.kernel.slots.take()!);
  }
});

test('a disk that fails: the caller is told, and what it tries again is stored once', async () => {
  const buffer = await rig.open();
  await rig.store(buffer, 'one');
  await readAll(buffer);
  await rm(rig.folder, { recursive: true });
  await expect(buffer.append(partOf(rig.kernel, [{ lines: ['two'] }]), null)).rejects.toMatchObject({
    code: 'ENOENT',
  });
  await mkdir(rig.folder);
  await rig.store(buffer, 'two');
  expect(await readAll(buffer)).toEqual(['two']);
});

test('fsync: interval makes frames readable at once and synchronises later', async () => {
  const buffer = await rig.open({ fsync: 'interval' });
  await rig.store(buffer, 'one');
  expect(await readAll(buffer, { done: false })).toEqual(['one']);
  await rig.clock.advance(1000);
  await buffer.close();
  expect(await readAll(await rig.open())).toEqual(['one']);
});

test('fsync: interval: a file that could not be synchronised when it was full is read like the others', async () => {
  const buffer = await rig.open({ fsync: 'interval', maxBytes: 2 ** 23 });
  const line = 'x'.repeat(200_000);
  for (let k = 0; k < 6; k++) await rig.store(buffer, line);
  const sync = vi.spyOn(FrameWriter.prototype, 'sync').mockRejectedValueOnce(new Error('EIO'));
  await expect(rig.store(buffer, 'one')).rejects.toThrow('EIO');
  await rig.store(buffer, 'two');
  sync.mockRestore();
  expect(await readAll(buffer)).toEqual([...Array.from({ length: 6 }, () => line), 'two']);
  expect(buffer.held.records).toBe(0);
});

test('waiting for room leaves nothing behind on the signal', async () => {
  const buffer = await rig.open({ maxBytes: 2 ** 20 });
  const closing = new AbortController();
  const lines = ['x'.repeat(200_000)];
  for (let k = 0; k < 5; k++) await rig.store(buffer, ...lines);
  const part = partOf(rig.kernel, [{ lines }]);
  const appended = buffer.append(part, closing.signal);
  await until(async () => buffer.status().full);
  expect(getEventListeners(closing.signal, 'abort')).toHaveLength(1);
  await readAll(buffer);
  expect(await appended).toBe(true);
  expect(getEventListeners(closing.signal, 'abort')).toHaveLength(0);
});
