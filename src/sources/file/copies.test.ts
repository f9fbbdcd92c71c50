/** Rotation by copying and truncating: what was copied is read, once, wherever reading of the original stood. */
import {
  appendFileSync,
  copyFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
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
const line = (text: string) => `${text.padEnd(300, '.')}\n`;
const texts = () => rig.texts().map((text) => text.replace(/\.+$/, ''));
const copyTruncate = (copy: string, name = 'a.log') => {
  copyFileSync(rig.path(name), rig.path(copy));
  truncateSync(rig.path(name));
};

/** Whether the patterns match the copies too. */
const patterns = [{ include: ['a.log'] }, { include: ['a.log', 'a.log.*'] }];

test.each(patterns)(
  'copied and truncated before it was read to its end: the rest comes from the copy ($include)',
  async (options) => {
    put('a.log', line('one'));
    await rig.start(options);
    add('a.log', line('two'));
    copyTruncate('a.log.1');
    add('a.log', 'three\n');
    await rig.pass(1000);
    expect(texts()).toEqual(['one', 'two', 'three']);
    expect(rig.details()).toMatchObject({ truncations: 1, bytes_lost: 0, files_lost: 0 });
  },
);

test.each(patterns)(
  'copied and truncated while stopped: the rest comes from the copy ($include)',
  async (options) => {
    put('a.log', line('one'));
    await rig.start(options);
    await rig.stop();
    add('a.log', line('two'));
    copyTruncate('a.log.1');
    add('a.log', line('three'));
    await rig.start(options);
    await rig.stop();
    expect(texts()).toEqual(['one', 'two', 'three']);
    await rig.start(options);
    expect(texts()).toEqual([]);
  },
);

test.each(patterns)('copied, truncated and renamed while stopped ($include)', async (options) => {
  put('a.log', line('one'));
  await rig.start(options);
  await rig.stop();
  add('a.log', line('two'));
  copyTruncate('a.log.1');
  add('a.log', line('three'));
  renameSync(rig.path('a.log'), rig.path('a.log.2'));
  put('a.log', 'four\n');
  await rig.start(options);
  expect(texts().sort()).toEqual(['four', 'one', 'three', 'two']);
});

test('copied and truncated several times between two looks: every copy is read, in order', async () => {
  put('a.log', line('one'));
  await rig.start({ include: ['a.log'] });
  for (const text of ['two', 'three', 'four']) {
    add('a.log', line(text));
    copyTruncate(`a.log.2026-${text.length}-${text}1`);
  }
  add('a.log', 'five\n');
  await rig.pass(1000);
  expect(texts().slice(0, 2)).toEqual(['one', 'two']);
  await rig.pass(1000);
  expect(rig.details()).toMatchObject({ truncations: 1, bytes_lost: 0 });
});

test.each(patterns)('copied, deleted and created anew while stopped ($include)', async (options) => {
  put('a.log', line('one'));
  await rig.start(options);
  await rig.stop();
  add('a.log', line('two'));
  copyFileSync(rig.path('a.log'), rig.path('a.log.1'));
  rmSync(rig.path('a.log'));
  put('keeps the inode', '');
  put('a.log', line('three'));
  await rig.start(options);
  expect(texts()).toEqual(['one', 'two', 'three']);
  expect(rig.details()).toMatchObject({ files_lost: 0 });
});

test('copied, truncated, grown beyond the old size and renamed between two looks', async () => {
  put('a.log', line('one'));
  await rig.start({ include: ['a.log'] });
  add('a.log', line('two'));
  copyTruncate('a.log.1');
  add('a.log', line('three') + line('four') + line('five'));
  renameSync(rig.path('a.log'), rig.path('a.log.2'));
  put('a.log', 'six\n');
  await rig.pass(3000);
  expect(texts().sort()).toEqual(['five', 'four', 'one', 'six', 'three', 'two']);
});

test('copied, truncated, grown and replaced between two looks, by a pattern that matches the copy', async () => {
  put('a.log', line('one'));
  await rig.start({ include: ['a.log*'] });
  copyTruncate('a.log.1');
  add('a.log', line('two') + line('three'));
  rmSync(rig.path('a.log'));
  put('a.log', 'four\n');
  await rig.pass(3000);
  expect(texts().sort()).toEqual(['four', 'one', 'three', 'two']);
});

test('a copy of a file that is still in place waits until that is truncated', async () => {
  put('a.log', line('one'));
  await rig.start({ include: ['a.log*'] });
  copyFileSync(rig.path('a.log'), rig.path('a.log.1'));
  await rig.pass(3000);
  expect(texts()).toEqual(['one']);
  add('a.log', line('two'));
  await rig.pass(1000);
  truncateSync(rig.path('a.log'));
  await rig.pass(2000);
  expect(texts()).toEqual(['two']);
});

test('lines on their way when the file is truncated are read again from the copy after a crash', async () => {
  rig.commits = false;
  put('a.log', line('one'));
  await rig.start({ include: ['a.log'] });
  copyTruncate('a.log.1');
  await rig.pass(1000);
  await rig.stop();
  rig.texts();
  rig.commits = true;
  await rig.start({ include: ['a.log'] });
  expect(texts()).toEqual(['one']);
});

test('lines written between copy and truncation that were read are not reason to read the copy again', async () => {
  // Which of the two came first is told by the clocks of system and file system.
  await rig.dispose();
  rig = new Rig({ epoch: Date.now() + 3600_000 });
  put('a.log', line('one') + line('two'));
  await rig.start({ include: ['a.log'] });
  copyFileSync(rig.path('a.log'), rig.path('a.log.1'));
  add('a.log', line('three'));
  await rig.pass(250);
  truncateSync(rig.path('a.log'));
  add('a.log', line('four'));
  await rig.pass(2000);
  expect(texts()).toEqual(['one', 'two', 'three', 'four']);
});

test('acknowledgements that come after the truncation move the position in the copy', async () => {
  rig.commits = false;
  put('a.log', line('one'));
  await rig.start({ include: ['a.log'] });
  copyTruncate('a.log.1');
  await rig.pass(1000);
  rig.chunks[0]!.stream.commit(rig.chunks[0]!.position);
  await rig.stop();
  rig.texts();
  await rig.start({ include: ['a.log'] });
  expect(texts()).toEqual([]);
});

test('truncated before anything of it was read: the copy is read whole', async () => {
  const slots = Array.from({ length: rig.kernel.slots.size }, () => rig.kernel.slots.take()!);
  put('a.log', line('one'));
  await rig.start({ include: ['a.log'] });
  copyTruncate('a.log.1');
  add('a.log', line('a longer one') + line('two'));
  await rig.pass(1000);
  for (const slot of slots) rig.kernel.slots.give(slot);
  await rig.pass(2000);
  expect(texts()).toEqual(['one', 'a longer one', 'two']);
});

test('a new file that is copied and truncated before it was looked into: the copy is read too', async () => {
  await rig.start({ include: ['a.log'], max_open_files: 1 });
  put('a.log', '');
  await rig.pass(2000);
  add('a.log', line('one'));
  copyTruncate('a.log.1');
  add('a.log', line('two') + line('three'));
  await rig.pass(2000);
  expect(texts().sort()).toEqual(['one', 'three', 'two']);
});

test('a file with the same first line as the one it was rotated from is read, being no copy', async () => {
  put('a.log', 'starting\n');
  await rig.start({ include: ['a.log*'] });
  put('a.log.1', 'starting\n');
  await rig.pass(2000);
  expect(texts()).toEqual(['starting', 'starting']);
});

const header = line('header').repeat(5);

test('rotated files that begin with the same kilobytes are all read, being no copies', async () => {
  put('a.log', header + line('one') + line('two'));
  put('a.log.1', header + line('three'));
  await rig.start({ include: ['a.log*'] });
  await rig.pass(3000);
  expect(
    texts()
      .filter((text) => text !== 'header')
      .sort(),
  ).toEqual(['one', 'three', 'two']);
});

test('the same, renamed between two looks', async () => {
  put('a.log', header + line('one') + line('two'));
  await rig.start({ include: ['a.log'] });
  renameSync(rig.path('a.log'), rig.path('a.log.2'));
  put('a.log.1', header + line('three'));
  put('a.log', header + line('four'));
  await rig.pass(1000);
  expect(texts().filter((text) => text !== 'header')).toEqual(['one', 'two', 'three', 'four']);
});

test('the same, copied and truncated between two looks', async () => {
  put('a.log', header + line('one'));
  await rig.start({ include: ['a.log'] });
  add('a.log', line('two'));
  copyTruncate('a.log.2');
  add('a.log', header);
  copyTruncate('a.log.1');
  add('a.log', line('three'));
  await rig.pass(2000);
  expect(texts().filter((text) => text !== 'header')).toEqual(['one', 'two', 'three']);
});

test('a file is known under another device number by its inode and content', async () => {
  put('a.log', line('one'));
  await rig.start();
  await rig.stop();
  rig.texts();
  const [[, entry]] = [...rig.store] as [[string, unknown]];
  const { ino } = statSync(rig.path('a.log'));
  rig.store.clear();
  rig.store.set(`1:${ino}`, entry);
  add('a.log', 'two\n');
  await rig.start();
  expect(texts()).toEqual(['two']);
  expect([...rig.store.keys()]).not.toContain(`1:${ino}`);
});

test('what rotates away before anything of it was delivered is known after a restart', async () => {
  rig.commits = false;
  put('a.log', 'one\n');
  await rig.start({ include: ['a.log'] });
  await rig.stop();
  rig.texts();
  renameSync(rig.path('a.log'), rig.path('put-aside'));
  put('a.log', 'two\n');
  await rig.start({ include: ['a.log'] });
  expect(texts()).toEqual(['one', 'two']);
});

test('a stored position of which no byte is known is not taken for that of another file', async () => {
  put('a.log', '');
  await rig.start({ include: ['a.log'] });
  await rig.stop();
  const [[key, entry]] = [...rig.store] as [[string, { born: number }]];
  rig.store.set(key, { ...entry, born: entry.born - 1000 });
  renameSync(rig.path('a.log'), rig.path('other'));
  add('other', 'not a log\n');
  put('a.log', 'one\n');
  await rig.start({ include: ['a.log'] });
  expect(texts()).toEqual(['one']);
  rmSync(rig.path('other'));
});
