/** What rotation does to files whose new names no pattern matches, while the source runs and while it does not. */
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Rig } from './rig.ts';

let rig: Rig;

beforeEach(() => {
  rig = new Rig();
});

afterEach(() => rig.dispose());

const put = (name: string, text: string) => writeFileSync(rig.path(name), text);
const add = (name: string, text: string) => appendFileSync(rig.path(name), text);
const move = (from: string, to: string) => renameSync(rig.path(from), rig.path(to));
const start = (options: object = {}) => rig.start({ include: ['a.log'], ...options });
/** Until the clock of the file system, which ticks every few milliseconds, shows another time. */
const tick = () => {
  put('tick', '');
  const { mtimeMs } = statSync(rig.path('tick'));
  while (statSync(rig.path('tick')).mtimeMs === mtimeMs) put('tick', '');
};
const hours = async (count: number) => {
  for (let minute = 0; minute < count * 60; minute++) {
    await rig.clock.advance(60_000);
    await rig.clock.waiting();
  }
};

test.each(['beginning', 'end'])(
  'rotated while stopped: the rest of the old file, then the new one (start_at: %s)',
  async (start_at) => {
    put('a.log', 'one\n');
    await start({ start_at });
    add('a.log', 'two\n');
    await rig.pass();
    await rig.stop();
    rig.texts();
    add('a.log', 'three\n');
    move('a.log', 'a.log.1');
    put('a.log', 'four\n');
    await start({ start_at });
    expect(rig.texts()).toEqual(['three', 'four']);
    expect(rig.chunks.map(({ stream }) => stream.path)).toEqual(rig.chunks.map(() => rig.path('a.log')));
    expect(rig.details()).toMatchObject({ rotations: 1, files_lost: 0, bytes_lost: 0 });
    expect(rig.warnings).toEqual([]);
  },
);

test('rotated several times while stopped: every file in between is read, in order', async () => {
  put('a.log', 'one\n');
  await start();
  await rig.stop();
  add('a.log', 'two\n');
  move('a.log', 'a.log.4');
  for (const number of [3, 2, 1]) put(`a.log.${number}`, `${3 - number}\n`);
  put('a.log', 'last\n');
  await start();
  expect(rig.texts()).toEqual(['one', 'two', '0', '1', '2', 'last']);
});

test('the old file is found under any name, and behind a link to another folder', async () => {
  mkdirSync(rig.path('pods'));
  put('pods/0.log', 'one\n');
  symlinkSync(rig.path('pods/0.log'), rig.path('a.log'));
  await start();
  await rig.stop();
  add('pods/0.log', 'two\n');
  move('pods/0.log', 'pods/old');
  put('pods/0.log', 'three\n');
  await start();
  expect(rig.texts()).toEqual(['one', 'two', 'three']);
});

test('an old file that is nowhere to be found is counted and told once', async () => {
  put('a.log', 'one\n');
  put('b', '');
  await start();
  await rig.stop();
  move('b', 'a.log');
  add('a.log', 'new\n');
  await start({ start_at: 'end' });
  expect(rig.texts()).toEqual(['one', 'new']);
  expect(rig.details()).toMatchObject({ files_lost: 1 });
  expect(rig.warnings).toHaveLength(1);
  await rig.stop();
  await start();
  expect(rig.warnings).toHaveLength(1);
});

test('files on a disk that is not mounted are not missed', async () => {
  put('a.log', 'one\n');
  await start();
  await rig.stop();
  const [[key, entry]] = [...rig.store] as [[string, unknown]];
  rig.store.clear();
  rig.store.set(`1:${key.split(':')[1]}`, entry);
  rmSync(rig.path('a.log'));
  await start();
  expect(rig.details()).toMatchObject({ files_lost: 0 });
  expect([...rig.store.values()]).toEqual([entry]);
});

test('a rotated file that was read to its end and deleted later is no loss', async () => {
  put('a.log', 'one\n');
  await start();
  move('a.log', 'a.log.1');
  put('a.log', 'two\n');
  await rig.pass(1000);
  await hours(2);
  rmSync(rig.path('a.log.1'));
  await rig.stop();
  await start();
  expect(rig.texts()).toEqual(['one', 'two']);
  expect(rig.details()).toMatchObject({ files_lost: 0 });
  expect(rig.warnings).toEqual([]);
});

test('what no pattern matches any more is not searched for', async () => {
  put('a.log', 'one\n');
  await start();
  await rig.stop();
  rig.texts();
  add('a.log', 'two\n');
  move('a.log', 'a.log.1');
  await rig.start({ include: ['b.log'] });
  expect(rig.texts()).toEqual([]);
  expect(rig.details()).toMatchObject({ files: 0, files_lost: 0 });
});

test('a file that merely has the inode of the old one is not taken for it', async () => {
  put('a.log', 'one\ntwo\n');
  await start();
  await rig.stop();
  rig.texts();
  const { ino } = statSync(rig.path('a.log'));
  truncateSync(rig.path('a.log'));
  add('a.log', 'something else altogether\n');
  move('a.log', 'other');
  put('a.log', 'new\n');
  expect(statSync(rig.path('other')).ino).toBe(ino);
  await start();
  expect(rig.texts()).toEqual(['new']);
  expect(rig.details()).toMatchObject({ files_lost: 1, truncations: 0 });
});

test('start_at: end knows what was there, so that a rewrite to a larger size is noticed', async () => {
  put('a.log', 'old\n'.repeat(50));
  await start({ start_at: 'end' });
  put('a.log', Array.from({ length: 150 }, (_, line) => `${line}\n`).join(''));
  await rig.pass();
  expect(rig.texts()).toHaveLength(150);
  expect(rig.details()).toMatchObject({ truncations: 1 });
});

test.each([{ known: true }, { known: false }])(
  'many renames between two looks: every file is read, in order (the first was known: $known)',
  async ({ known }) => {
    put('r.log.1', 'older than the agent\n');
    tick();
    put('unrelated', '');
    if (known) put('r.log', 'first\n');
    await rig.start();
    for (let turn = 6; turn > 0; turn--) {
      add('r.log', `${turn}\n`);
      move('r.log', `r.log.2026-${9 - turn}`);
    }
    put('r.log', 'last\n');
    await rig.pass(1000);
    expect(rig.texts()).toEqual([...(known ? ['first'] : []), '6', '5', '4', '3', '2', '1', 'last']);
    expect(rig.details()).toMatchObject({ rotations: 6, files_lost: 0 });
  },
);

test('of many renames those are read whose files still exist', async () => {
  put('a.log', 'one\n');
  await start();
  move('a.log', 'a.log.3');
  rmSync(rig.path('a.log.3'));
  put('a.log.2', 'two\n');
  put('a.log.1', 'three\n');
  put('a.log', 'four\n');
  await rig.pass(1000);
  expect(rig.texts()).toEqual(['one', 'two', 'three', 'four']);
});

test('copies, compressed files and files of other purpose are not taken for rotated ones', async () => {
  const one = 'one'.padEnd(300, '.');
  put('a.log', `${one}\n`);
  await start();
  copyFileSync(rig.path('a.log'), rig.path('a.log.1-copy'));
  put('a.log.gz', 'x\n');
  put('a.log.lock', 'x\n');
  put('a.log.pos', 'x\n');
  put('a.logger1', 'x\n');
  move('a.log', 'a.log.1');
  put('a.log', 'two\n');
  await rig.pass(1000);
  expect(rig.texts()).toEqual([one, 'two']);
});

test('a renamed file is read on long after rotate_wait, and its last line is not torn', async () => {
  put('a.log', 'one\ntw');
  await start();
  move('a.log', 'a.log.1');
  put('a.log', 'three\n');
  await rig.pass(20_000);
  expect(rig.texts()).toEqual(['one', 'three']);
  expect(rig.details()).toMatchObject({ files: 1, files_followed: 1 });
  add('a.log.1', 'o\n');
  await rig.pass(15_000);
  expect(rig.texts()).toEqual(['two']);
});

test('an unfinished last line of a renamed file becomes a record when it is given up', async () => {
  put('a.log', 'one\ntw');
  await start();
  move('a.log', 'a.log.1');
  await hours(2);
  expect(rig.texts()).toEqual(['one', 'tw']);
  expect(rig.details()).toMatchObject({ files: 0, files_followed: 0, files_open: 0, bytes_lost: 0 });
});

test('a renamed file is followed across a restart and further renames', async () => {
  put('a.log', 'one\ntw');
  await start();
  move('a.log', 'a.log.1');
  await rig.pass(20_000);
  await rig.stop();
  move('a.log.1', 'a.log.2');
  await start();
  add('a.log.2', 'o\n');
  await rig.pass(20_000);
  expect(rig.texts()).toEqual(['one', 'two']);
});

test('a renamed file gives up its descriptor to others and is found again by its inode', async () => {
  put('a.log', 'one\n');
  await rig.start({ include: ['*.log'], max_open_files: 1 });
  move('a.log', 'a.log.1');
  await rig.pass(20_000);
  put('b.log', 'two\n');
  await rig.pass(1000);
  move('a.log.1', 'a.log.2');
  add('a.log.2', 'three\n');
  await rig.pass(15_000);
  expect(rig.texts()).toEqual(['one', 'two', 'three']);
});

test('a file renamed before it could be opened is read under its new name', async () => {
  const slots = Array.from({ length: rig.kernel.slots.size }, () => rig.kernel.slots.take()!);
  for (const name of ['a.log', 'b.log', 'c.log']) put(name, `${name}\n`);
  await rig.start({ max_open_files: 1 });
  for (const name of ['a.log', 'b.log', 'c.log']) move(name, `${name}.old`);
  await rig.pass(1000);
  for (const slot of slots) rig.kernel.slots.give(slot);
  await rig.pass(20_000);
  expect(rig.texts().sort()).toEqual(['a.log', 'b.log', 'c.log']);
});

test('only so many renamed files are followed', async () => {
  await rig.start();
  for (let number = 0; number < 150; number++) put(`${number}.log`, `${number}\n`);
  await rig.pass(1000);
  for (let number = 0; number < 150; number++) move(`${number}.log`, `${number}.log.old`);
  await rig.pass(30_000);
  expect(rig.texts()).toHaveLength(150);
  expect(rig.details()).toMatchObject({ files: 0, files_followed: 128, bytes_lost: 0, files_lost: 0 });
});

test('files removed before they could be opened are counted, with the bytes that were seen', async () => {
  const slots = Array.from({ length: rig.kernel.slots.size }, () => rig.kernel.slots.take()!);
  for (let number = 0; number < 50; number++) put(`${number}.log`, 'line\n');
  await rig.start({ max_open_files: 2 });
  for (const name of readdirSync(rig.folder)) rmSync(rig.path(name));
  for (const slot of slots) rig.kernel.slots.give(slot);
  await rig.pass(20_000);
  const arrived = rig.texts().length;
  expect(arrived).toBeGreaterThanOrEqual(2);
  expect(rig.details()).toMatchObject({
    files: 0,
    files_lost: 50 - arrived,
    bytes_lost: (50 - arrived) * 5,
  });
});

test('a name that is not UTF-8 is read, and shown with its bytes escaped', async () => {
  const name = Buffer.from(`${rig.folder}/gr\xfcn.log`, 'latin1');
  writeFileSync(name, 'one\n');
  await rig.start();
  await rig.stop();
  appendFileSync(name, 'two\n');
  await rig.start();
  expect(rig.texts()).toEqual(['one', 'two']);
  expect(rig.chunks[1]!.stream).toMatchObject({ id: `${rig.folder}/gr\\xfcn.log` });
});

test('rotated while it is looked for, and stopped before the next look: what its path led to is found again', async () => {
  put('a.log', 'one\n');
  await start();
  await rig.stop();
  // Asked for between the look at the path and the listing of its folder.
  vi.spyOn(rig.store, 'get').mockImplementationOnce((key) => {
    move('a.log', 'a.log.1');
    put('a.log', 'two\n');
    tick();
    copyFileSync(rig.path('a.log'), rig.path('a.log.2'));
    put('a.log', 'three\n');
    return new Map(rig.store).get(key);
  });
  await start();
  await rig.stop();
  move('a.log', 'a.log.3');
  put('a.log', 'four\n');
  await start();
  expect(rig.texts().sort()).toEqual(['four', 'one', 'three', 'two']);
});

test('truncated and renamed while it is looked for: what its writer adds to it after a restart is read', async () => {
  await rig.dispose();
  rig = new Rig({ epoch: Date.now() + 60_000 });
  put('a.log', 'zero\n');
  await start({ archives: true });
  await rig.stop();
  move('a.log', 'a.log.1');
  put('a.log', 'one\n');
  move('a.log', 'a.log.2');
  put('a.log', 'destroyed\n');
  const { dev, ino } = statSync(rig.path('a.log.2'), { bigint: true });
  const get = vi.spyOn(rig.store, 'get').mockImplementation((key) => {
    // Asked for when the new file is known and opened.
    if (key === `${dev}:${ino}`) {
      get.mockRestore();
      truncateSync(rig.path('a.log'));
      move('a.log', 'a.log.3');
      put('a.log', 'two\n');
    }
    return new Map(rig.store).get(key);
  });
  await start({ archives: true });
  await rig.stop();
  add('a.log.3', 'three\n');
  await start({ archives: true });
  expect(rig.texts()).toEqual(['zero', 'one', 'two', 'three']);
});

test('a path that leads elsewhere at every look holds nothing up', async () => {
  let rotations = 0;
  put('a.log', 'one\n');
  vi.spyOn(rig.store, 'get').mockImplementation(() => {
    move('a.log', `a.log.${++rotations}`);
    put('a.log', 'next\n');
    return undefined;
  });
  await start();
  expect(rotations).toBeGreaterThan(8);
});
