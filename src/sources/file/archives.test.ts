/** Rotated files that were compressed: what is new in them is read, once. */
import {
  appendFileSync,
  copyFileSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Rig } from './rig.ts';

let rig: Rig;

beforeEach(() => {
  rig = new Rig();
});

afterEach(() => rig.dispose());

const options = { include: ['a.log'], archives: true };
const put = (name: string, text: string | Buffer) => writeFileSync(rig.path(name), text);
const add = (name: string, text: string) => appendFileSync(rig.path(name), text);
const line = (text: string) => `${text.padEnd(300, '.')}\n`;
const texts = () => rig.texts().map((text) => text.replace(/\.+$/, ''));
const compress = (name: string) => {
  put(`${name}.gz`, gzipSync(readFileSync(rig.path(name))));
  rmSync(rig.path(name));
};

test('archives of earlier days are read before the log, the oldest first, and once', async () => {
  put('a.log.2.gz', gzipSync(line('one')));
  put('a.log.1.gz', gzipSync(line('two') + line('three')));
  put('a.log', line('four'));
  await rig.start(options);
  expect(texts()).toEqual(['one', 'two', 'three', 'four']);
  expect(rig.details()).toMatchObject({ archives_read: 2, archives_damaged: 0 });
  await rig.stop();
  renameSync(rig.path('a.log.2.gz'), rig.path('a.log.3.gz'));
  await rig.start(options);
  await rig.pass(1000);
  expect(texts()).toEqual([]);
});

test('without archives: true they are left alone', async () => {
  put('a.log.1.gz', gzipSync(line('one')));
  put('a.log', line('two'));
  await rig.start({ include: ['a.log*'] });
  expect(texts()).toEqual(['two']);
});

test('with start_at: end those that are there at the start are not read', async () => {
  put('a.log.1.gz', gzipSync(line('one')));
  put('a.log', line('two'));
  await rig.start({ ...options, start_at: 'end' });
  put('a.log.2.gz', gzipSync(line('three')));
  await rig.pass(1000);
  expect(texts()).toEqual(['three']);
});

test('a file that was read and then compressed is not read again', async () => {
  put('a.log', line('one'));
  await rig.start(options);
  renameSync(rig.path('a.log'), rig.path('a.log.1'));
  put('a.log', line('two'));
  await rig.pass(20_000);
  compress('a.log.1');
  await rig.pass(40 * 60_000);
  expect(texts()).toEqual(['one', 'two']);
  expect(rig.details()).toMatchObject({ archives_read: 0, archives_already_read: 1 });
});

test('rotated and compressed while stopped: only what is new in the archive is read', async () => {
  put('a.log', line('one'));
  await rig.start(options);
  await rig.stop();
  add('a.log', line('two'));
  renameSync(rig.path('a.log'), rig.path('a.log.1'));
  compress('a.log.1');
  put('a.log', line('three'));
  await rig.start(options);
  expect(texts()).toEqual(['one', 'two', 'three']);
  expect(rig.details()).toMatchObject({ files_lost: 0 });
  expect(rig.warnings).toEqual([]);
});

test('copied, truncated and compressed at once: what was not read comes from the archive', async () => {
  put('a.log', line('one'));
  await rig.start(options);
  add('a.log', line('two'));
  copyFileSync(rig.path('a.log'), rig.path('a.log.1'));
  truncateSync(rig.path('a.log'));
  compress('a.log.1');
  add('a.log', line('three'));
  await rig.pass(2000);
  expect(texts().sort()).toEqual(['one', 'three', 'two']);
});

test('an archive of a file that is still read is left alone until that is done with', async () => {
  put('a.log', line('one'));
  await rig.start(options);
  put('a.log.1.gz', gzipSync(line('one')));
  await rig.pass(3000);
  expect(texts()).toEqual(['one']);
  expect(rig.details()).toMatchObject({ archives_read: 0 });
});

test('a large archive is read on where reading stood when the agent was stopped', async () => {
  const lines = Array.from({ length: 5000 }, (_, number) => `${number} ${'x'.repeat(number % 90)}`);
  put('a.log.1.gz', gzipSync(`${lines.join('\n')}\n`));
  put('a.log', '');
  rig.commits = false;
  await rig.start(options);
  for (const { stream, position } of rig.chunks.slice(0, 2)) stream.commit(position);
  await rig.stop();
  const committed = rig.chunks[1]!.position;
  rig.commits = true;
  rig.texts();
  await rig.start(options);
  const again = rig.texts();
  expect(`${again.join('\n')}\n`).toBe(`${lines.join('\n')}\n`.slice(committed));
});

test('identical first kilobytes: what follows tells the files apart', async () => {
  const head = Array.from({ length: 5 }, () => line('header')).join('');
  put('a.log', head + line('one'));
  await rig.start(options);
  rig.texts();
  put('a.log.1.gz', gzipSync(head + line('two')));
  await rig.pass(2000);
  expect(texts()).toEqual([...Array(5).fill('header'), 'two']);
});

test('an archive that is cut off or damaged is reported, and read on when it is whole', async () => {
  const whole = gzipSync(Array.from({ length: 3000 }, (_, number) => `${number * 7919}\n`).join(''));
  put('a.log', 'x\n');
  put('a.log.1.gz', whole.subarray(0, whole.length >> 1));
  await rig.start(options);
  expect(rig.warnings).toHaveLength(1);
  put('a.log.1.gz', whole);
  await rig.pass(3000);
  const numbers = texts().filter((text) => text !== 'x');
  expect(new Set(numbers).size).toBe(3000);
  put('a.log.2.gz', 'no gzip at all');
  await rig.pass(2000);
  expect(rig.warnings.length).toBeGreaterThan(1);
});
