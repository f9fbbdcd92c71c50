import { mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { BufferFile } from './buffer-file.ts';
import { HEADER_BYTES } from './format.ts';

async function fileOf(bytes: Buffer): Promise<BufferFile> {
  const folder = await mkdtemp(join(tmpdir(), 'log-capturer-buffer-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = new BufferFile(folder, { number: 1, nonce: 7 });
  await writeFile(file.path, bytes);
  file.size = bytes.length;
  return file;
}

/** How many descriptors of this process are of the file, deleted or not. */
async function descriptorsOf({ path }: BufferFile): Promise<number> {
  const links = await Promise.all(
    (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  );
  return links.filter((link) => link.startsWith(path)).length;
}

test('a file that is removed while it is being opened is not left open', async () => {
  const file = await fileOf(Buffer.alloc(2 * HEADER_BYTES));
  const scanned = file.scan(0);
  await file.remove();
  expect(await scanned).toEqual({ kind: 'end' });
  expect(await descriptorsOf(file)).toBe(0);
});

test('two looks at once open it once', async () => {
  const file = await fileOf(Buffer.alloc(2 * HEADER_BYTES));
  await Promise.all([file.scan(0), file.scan(0)]);
  expect(await descriptorsOf(file)).toBe(1);
  await file.closeReader();
  expect(await descriptorsOf(file)).toBe(0);
});

test('a file that could not be opened is tried again', async () => {
  const file = await fileOf(Buffer.alloc(0));
  await rm(file.path);
  await expect(file.scan(0)).rejects.toThrow('ENOENT');
  await writeFile(file.path, '');
  expect(await file.scan(0)).toEqual({ kind: 'end' });
  await file.closeReader();
});
