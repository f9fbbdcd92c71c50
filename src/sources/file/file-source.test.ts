import {
  appendFileSync,
  closeSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Rig } from './rig.ts';

let rig: Rig;

beforeEach(() => {
  rig = new Rig();
});

afterEach(() => rig.dispose());

const put = (name: string, text: string) => writeFileSync(rig.path(name), text);
const add = (name: string, text: string) => appendFileSync(rig.path(name), text);
const move = (from: string, to: string) => renameSync(rig.path(from), rig.path(to));

test('lines of a file are read, with labels and path on their stream', async () => {
  put('a.log', 'one\ntwo\r\n\nfour\n');
  await rig.start();
  expect(rig.texts()).toEqual(['one', 'two', '', 'four']);
  const { stream, from, position, bytes, count } = rig.chunks[0]!;
  expect(stream).toMatchObject({
    id: rig.path('a.log'),
    path: rig.path('a.log'),
    source: 'test',
    sourceType: 'file',
  });
  expect(stream.labels).toEqual({ service: 'x' });
  expect({ from, position, bytes, count }).toEqual({ from: 0, position: 15, bytes: 15, count: 4 });
});

test('an unfinished line waits for its end', async () => {
  put('a.log', 'one\ntw');
  await rig.start();
  expect(rig.texts()).toEqual(['one']);
  add('a.log', 'o');
  await rig.pass();
  expect(rig.texts()).toEqual([]);
  add('a.log', '\n');
  await rig.pass();
  expect(rig.texts()).toEqual(['two']);
});

test('a file that appears later is read from its beginning, also with start_at: end', async () => {
  put('a.log', 'old\n');
  await rig.start({ start_at: 'end' });
  put('b.log', 'new\n');
  add('a.log', 'more\n');
  await rig.pass(1000);
  expect(rig.texts().sort()).toEqual(['more', 'new']);
});

test('one that takes the place of another reads what came meanwhile from its beginning, also with start_at: end', async () => {
  put('old.log', 'old\n');
  const bornAt = (name: string) => statSync(rig.path(name)).birthtimeMs;
  // The clock of the file system ticks every few milliseconds.
  do {
    rmSync(rig.path('new.log'), { force: true });
    put('new.log', 'new\n');
  } while (bornAt('new.log') <= bornAt('old.log') + 1);
  const unwatchedSince = bornAt('new.log') + 999.5;
  await rig.start({ start_at: 'end', scan_interval: '1s', unwatchedSince });
  expect(rig.texts()).toEqual(['new']);
});

test('start_at: end is remembered although nothing was read', async () => {
  put('a.log', 'old\n');
  await rig.start({ start_at: 'end' });
  await rig.stop();
  add('a.log', 'while stopped\n');
  await rig.start({ start_at: 'end' });
  expect(rig.texts()).toEqual(['while stopped']);
});

test('after a restart it goes on behind what was delivered', async () => {
  put('a.log', 'one\ntwo\n');
  await rig.start();
  await rig.stop();
  add('a.log', 'three\n');
  await rig.start();
  expect(rig.texts()).toEqual(['one', 'two', 'three']);
});

test('what was not delivered is read again after a restart', async () => {
  rig.commits = false;
  put('a.log', 'one\n');
  await rig.start();
  add('a.log', 'two\n');
  await rig.pass();
  rig.chunks[0]!.stream.commit(rig.chunks[0]!.position);
  await rig.stop();
  rig.texts();
  await rig.start();
  expect(rig.texts()).toEqual(['two']);
});

test('start_at: end does not hold when positions were lost: what was written while stopped would be, too', async () => {
  put('a.log', 'one\n');
  await rig.start({ start_at: 'end' });
  await rig.stop();
  add('a.log', 'two\n');
  rig.store.clear();
  rig.damaged = true;
  await rig.start({ start_at: 'end' });
  expect(rig.texts()).toEqual(['one', 'two']);
});

test('a damaged position entry counts as none', async () => {
  put('a.log', 'one\n');
  await rig.start();
  await rig.stop();
  for (const key of rig.store.keys()) rig.store.set(key, { path: 1, offset: 'x' });
  rig.texts();
  await rig.start();
  expect(rig.texts()).toEqual(['one']);
});

test('a renamed file is read to its end, and before the new one under its path', async () => {
  put('a.log', 'one\n');
  await rig.start();
  add('a.log', 'two\n');
  move('a.log', 'a.log.1');
  put('a.log', 'three\n');
  await rig.pass(250);
  expect(rig.texts()).toEqual(['one', 'two', 'three']);
  expect(rig.details().rotations).toBe(1);
});

test('the new file under a path waits until the long rest of the old one is read', async () => {
  put('a.log', 'one\n');
  await rig.start();
  add('a.log', `${'x'.repeat(999)}\n`.repeat(500));
  move('a.log', 'a.log.1');
  put('a.log', 'new\n');
  await rig.pass(250);
  const texts = rig.texts();
  expect(texts).toHaveLength(502);
  expect(texts.at(-1)).toBe('new');
});

test('a writer that still has the renamed file open is followed at once for rotate_wait, then now and then', async () => {
  put('a.log', 'one\n');
  await rig.start();
  move('a.log', 'a.log.1');
  await rig.pass(4000);
  add('a.log.1', 'late\n');
  await rig.pass(4000);
  add('a.log.1', 'later\n');
  await rig.pass(250);
  expect(rig.texts()).toEqual(['one', 'late', 'later']);
  await rig.pass(60_000);
  add('a.log.1', 'very late\n');
  await rig.pass(10_000);
  expect(rig.texts()).toEqual(['very late']);
});

test('a renamed file that matches under its new name is not read twice, and the end of its last line is awaited', async () => {
  put('a.log', 'one\ntw');
  await rig.start({ include: ['a.log*'] });
  move('a.log', 'a.log.1');
  put('a.log', 'three\n');
  await rig.pass(10_000);
  add('a.log.1', 'o\n');
  await rig.pass(1000);
  expect(rig.texts()).toEqual(['one', 'three', 'two']);
  expect(rig.details()).toMatchObject({ files: 2, rotations: 1, truncations: 0 });
});

test('several rotations between two looks lose nothing', async () => {
  put('a.log', 'one\n');
  await rig.start({ include: ['a.log*'] });
  add('a.log', 'two\n');
  move('a.log', 'a.log.2');
  put('a.log.1', 'three\n');
  utimesSync(rig.path('a.log.1'), 1e9, 1e9);
  put('a.log', 'four\n');
  await rig.pass(1000);
  expect(rig.texts()).toEqual(['one', 'two', 'three', 'four']);
});

test('two files that swap their names keep their positions', async () => {
  put('a.log', 'a1\n');
  put('b.log', 'b1\n');
  await rig.start();
  rig.texts();
  move('a.log', 'c');
  move('b.log', 'a.log');
  move('c', 'b.log');
  add('a.log', 'b2\n');
  add('b.log', 'a2\n');
  await rig.pass(2000);
  expect(rig.texts().sort()).toEqual(['a2', 'b2']);
});

test('a deleted file is read to its end; its unfinished last line becomes a record when it can grow no more', async () => {
  put('a.log', 'one\n');
  await rig.start();
  const fd = openSync(rig.path('a.log'), 'a');
  rmSync(rig.path('a.log'));
  writeSync(fd, 'two\nthr');
  await rig.pass(1000);
  expect(rig.texts()).toEqual(['one', 'two']);
  writeSync(fd, 'ee');
  closeSync(fd);
  await rig.pass(6000);
  expect(rig.texts()).toEqual(['three']);
  expect(rig.details()).toMatchObject({ files: 0, files_open: 0, bytes_lost: 0 });
  expect(rig.store.size).toBe(0);
});

test('a file deleted and created anew is read from its beginning', async () => {
  put('a.log', 'one\n');
  await rig.start();
  rmSync(rig.path('a.log'));
  put('a.log', 'one\n');
  await rig.pass(1000);
  expect(rig.texts()).toEqual(['one', 'one']);
});

test('a truncated file is read from its beginning', async () => {
  put('a.log', 'one\ntwo\n');
  await rig.start();
  truncateSync(rig.path('a.log'));
  add('a.log', 'x\n');
  await rig.pass(250);
  expect(rig.texts()).toEqual(['one', 'two', 'x']);
  expect(rig.details().truncations).toBe(1);
});

test('bytes that a truncation removed before they were read are counted', async () => {
  const slots = Array.from({ length: rig.kernel.slots.size }, () => rig.kernel.slots.take()!);
  put('a.log', 'one\ntwo\n');
  await rig.start();
  rig.kernel.slots.give(slots.pop()!);
  await rig.clock.waiting();
  await rig.pass(250);
  rig.kernel.slots.take();
  add('a.log', 'three\n');
  await rig.pass(250);
  truncateSync(rig.path('a.log'));
  await rig.pass(250);
  expect(rig.details()).toMatchObject({ truncations: 1, bytes_lost: 6 });
  for (const slot of slots) rig.kernel.slots.give(slot);
});

test('a file truncated and grown past the old position between two looks is noticed', async () => {
  put('a.log', 'one\ntwo\n');
  await rig.start();
  rig.texts();
  truncateSync(rig.path('a.log'));
  add('a.log', 'uno\ndos\ntres\n');
  await rig.pass(250);
  expect(rig.texts()).toEqual(['uno', 'dos', 'tres']);
  expect(rig.details().truncations).toBe(1);
});

test('a file rewritten to the same size is noticed', async () => {
  put('a.log', 'one\ntwo\n');
  await rig.start();
  put('a.log', 'eno\nowt\n');
  await rig.pass(250);
  expect(rig.texts()).toEqual(['one', 'two', 'eno', 'owt']);
});

test('a file replaced while stopped is noticed, also when its first kilobyte is the same', async () => {
  const banner = `${'='.repeat(2000)}\n`;
  put('a.log', `${banner}one\n${'1'.repeat(2000)}\n`);
  await rig.start();
  await rig.stop();
  rig.texts();
  put('a.log', `${banner}two\n${'2'.repeat(3000)}\n`);
  await rig.start();
  expect(rig.texts()).toEqual([banner.trimEnd(), 'two', '2'.repeat(3000)]);
});

test('a file replaced while stopped is noticed, also when its lines before the position are the same', async () => {
  const line = `${'tick '.repeat(300)}\n`;
  put('a.log', `first\n${line}`);
  await rig.start();
  await rig.stop();
  rig.texts();
  put('a.log', `other\n${line}`);
  await rig.start();
  expect(rig.texts()).toEqual(['other', `${line.trimEnd()} `]);
});

test('acknowledgements of what a truncation removed do not move the position of the new content', async () => {
  rig.commits = false;
  put('a.log', 'one\ntwo\n');
  await rig.start();
  put('a.log', 'uno\n');
  await rig.pass(250);
  const [old, fresh] = rig.chunks;
  fresh!.stream.commit(fresh!.position);
  old!.stream.commit(old!.position);
  await rig.stop();
  rig.texts();
  add('a.log', 'dos\n');
  await rig.start();
  expect(rig.texts()).toEqual(['dos']);
});

test('the hole that a writer leaves who does not append is passed over', async () => {
  const fd = openSync(rig.path('a.log'), 'w');
  writeSync(fd, `${'one'.repeat(50_000)}\n`);
  await rig.start();
  rig.texts();
  truncateSync(rig.path('a.log'));
  writeSync(fd, 'two\n');
  closeSync(fd);
  await rig.pass(250);
  expect(rig.texts()).toEqual(['two']);
});

test('a long line is cut, flagged and counted', async () => {
  put('a.log', `${'x'.repeat(2500)}\nshort\n`);
  await rig.start({ max_line_bytes: '1KiB' });
  expect(rig.taken.map(({ text, split }) => [text.length, split])).toEqual([
    [1024, true],
    [1024, true],
    [452, false],
    [5, false],
  ]);
  expect(rig.details().lines_split).toBe(2);
});

test('a line longer than a slot gets through', async () => {
  const line = 'abcdefghij'.repeat(30_000);
  put('a.log', `${line}\nnext\n`);
  await rig.start();
  const texts = rig.texts();
  expect(texts.pop()).toBe('next');
  expect(texts.join('')).toBe(line);
});

test('more lines than a slot has rows for are all read', async () => {
  await rig.dispose();
  rig = new Rig({ slotRecords: 16 });
  put('a.log', Array.from({ length: 100 }, (_, line) => `${line}\n`).join(''));
  await rig.start();
  expect(rig.texts()).toEqual(Array.from({ length: 100 }, (_, line) => `${line}`));
});

test('files with much to read take turns', async () => {
  const line = `${'x'.repeat(1023)}\n`;
  put('a.log', line.repeat(1000));
  put('b.log', 'small\n');
  await rig.start();
  const turns = rig.chunks.map(({ stream }) => stream.id);
  expect(turns.indexOf(rig.path('b.log'))).toBeLessThan(2);
  expect(rig.texts()).toHaveLength(1001);
});

test('it waits when no slot is free and goes on when there is one; files found meanwhile can be deleted', async () => {
  const slots = Array.from({ length: rig.kernel.slots.size }, () => rig.kernel.slots.take()!);
  put('a.log', 'one\n');
  await rig.start();
  expect(rig.source.status().state).toBe('waiting');
  put('b.log', 'two\n');
  await rig.pass(1000);
  rmSync(rig.path('b.log'));
  await rig.pass(1000);
  expect(rig.texts()).toEqual([]);
  for (const slot of slots) rig.kernel.slots.give(slot);
  await rig.pass(250);
  expect(rig.texts()).toEqual(['one', 'two']);
});

test('stopping while it waits for a slot leaves nothing taken', async () => {
  const slots = Array.from({ length: rig.kernel.slots.size }, () => rig.kernel.slots.take()!);
  put('a.log', 'one\n');
  await rig.start();
  await rig.stop();
  for (const slot of slots) rig.kernel.slots.give(slot);
  expect(rig.kernel.slots.free).toBe(rig.kernel.slots.size);
  expect(rig.source.status().state).toBe('stopped');
});

test('at rest it holds no slot', async () => {
  put('a.log', 'one\n');
  await rig.start();
  expect(rig.kernel.slots.free).toBe(rig.kernel.slots.size);
});

test('more files than may be open are all tailed', async () => {
  const names = Array.from({ length: 20 }, (_, number) => `${number}.log`);
  for (const name of names) put(name, 'first\n');
  await rig.start({ max_open_files: 3 });
  expect(rig.texts()).toHaveLength(20);
  for (const name of names) add(name, `${name}\n`);
  await rig.pass(2000);
  expect(rig.texts().sort()).toEqual([...names].sort());
  expect(rig.details()).toMatchObject({ files: 20, files_open: 3 });
});

test('two links to one file are read once', async () => {
  put('a.log', 'one\n');
  symlinkSync(rig.path('a.log'), rig.path('b.log'));
  await rig.start();
  await rig.pass(3000);
  expect(rig.texts()).toEqual(['one']);
});

test('a symbolic link that is pointed elsewhere leads to the new file', async () => {
  put('1', 'one\n');
  put('2', 'two\n');
  symlinkSync(rig.path('1'), rig.path('a.log'));
  await rig.start();
  rmSync(rig.path('a.log'));
  symlinkSync(rig.path('2'), rig.path('a.log'));
  add('1', 'last\n');
  await rig.pass(1000);
  expect(rig.texts()).toEqual(['one', 'last', 'two']);
});

test('what the agent writes itself is left out, but for the demo', async () => {
  mkdirSync(rig.path('data/demo'), { recursive: true });
  mkdirSync(rig.path('data/out'));
  put('data/out/x.log', 'own\n');
  put('data/own.log', 'own\n');
  put('data/demo/x.log', 'demo\n');
  put('y.log', 'other\n');
  await rig.start({ include: ['**/*.log'], stateDir: rig.path('data') });
  expect(rig.texts()).toEqual(expect.arrayContaining(['demo', 'other']));
  expect(rig.details().files).toBe(2);
});

test('compressed files are left out', async () => {
  put('a.log.1.gz', 'x\n');
  put('a.log', 'one\n');
  await rig.start({ include: ['a.log*'] });
  expect(rig.texts()).toEqual(['one']);
});

test('a file that moved away and back after it was given up is not read again while deliveries are open', async () => {
  rig.commits = false;
  put('a.log', 'one\n');
  await rig.start();
  move('a.log', 'elsewhere');
  for (let minute = 0; minute < 70; minute++) {
    await rig.clock.advance(60_000);
    await rig.clock.waiting();
  }
  expect(rig.details()).toMatchObject({ files: 0, files_followed: 0 });
  move('elsewhere', 'b.log');
  add('b.log', 'two\n');
  await rig.pass(2000);
  expect(rig.texts()).toEqual(['one', 'two']);
});

test('positions of files gone for a day are deleted, those of quiet files are kept', async () => {
  put('a.log', 'one\n');
  put('b.log', 'two\n');
  await rig.start({ quiet_poll_interval: '10m', poll_interval: '1m', scan_interval: '10m' });
  move('b.log', 'elsewhere');
  for (let hour = 0; hour < 30; hour++) {
    for (let part = 0; part < 60; part++) {
      await rig.clock.advance(60_000);
      await rig.clock.waiting();
    }
  }
  expect([...rig.store.values()]).toEqual([expect.objectContaining({ path: rig.path('a.log') })]);
  const [{ seen }] = [...rig.store.values()] as [{ seen: number }];
  expect(rig.clock.toEpoch(rig.clock.now()) - seen).toBeLessThan(2 * 3600_000);
});

test('status tells size, position and what was delivered', async () => {
  rig.commits = false;
  put('a.log', 'one\ntw');
  await rig.start();
  expect(rig.source.status().streams).toEqual([
    { id: rig.path('a.log'), position: 4, committed: 0, size: 6, lag_bytes: 6 },
  ]);
  rig.chunks[0]!.stream.commit(4);
  expect(rig.source.status().streams[0]).toMatchObject({ committed: 4, lag_bytes: 2 });
});
