import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RotatingFile } from './rotating-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'demo-file-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const open = (kept = 2) => new RotatingFile({ path: join(folder, 'app/a.log'), maxBytes: 10, kept });
const content = (name: string) => readFile(join(folder, 'app', name), 'utf8');

test('appends go to one file until it is full, then to a new one', async () => {
  const file = open();
  await file.append('12345\n');
  await file.append('67890\n');
  await file.append('next\n');
  expect(await content('a.log.1')).toBe('12345\n67890\n');
  expect(await content('a.log')).toBe('next\n');
});

test('the oldest rotated file goes', async () => {
  const file = open();
  for (const letter of 'abcde') await file.append(`${letter.repeat(10)}\n`);
  expect((await readdir(join(folder, 'app'))).toSorted()).toEqual(['a.log', 'a.log.1', 'a.log.2']);
  expect(await content('a.log.2')).toBe(`${'c'.repeat(10)}\n`);
});

test('a file from an earlier run is continued and counts', async () => {
  await open().append('123456789\n');
  const file = open();
  await file.append('new\n');
  expect(await content('a.log.1')).toBe('123456789\n');
  expect(await content('a.log')).toBe('new\n');
});

test('a failed append is reported, and the next one works', async () => {
  await writeFile(join(folder, 'app'), 'in the way');
  const file = open();
  await expect(file.append('x\n')).rejects.toThrow();
  await rm(join(folder, 'app'));
  await file.append('y\n');
  expect(await content('a.log')).toBe('y\n');
});

test('a folder deleted while the file is in use is made again', async () => {
  const file = open();
  await file.append('a\n');
  await rm(join(folder, 'app'), { recursive: true });
  await expect(file.append('b\n')).rejects.toThrow(/ENOENT/);
  await file.append('c\n');
  expect(await content('a.log')).toBe('c\n');
});
