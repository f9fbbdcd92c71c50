import { mkdtemp, readdir, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { corpus } from './corpora.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bench-corpora-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const BYTES = 3 * 2 ** 20;

test.each(['nginx', 'json'] as const)(
  'a %s corpus says truly how many bytes and lines it has',
  async (kind) => {
    const made = await corpus(kind, BYTES, folder);
    const text = await readFile(made.path, 'utf8');
    expect(made.bytes).toBe(Buffer.byteLength(text));
    expect(made.bytes).toBeGreaterThanOrEqual(BYTES);
    expect(text.at(-1)).toBe('\n');
    expect(made.lines).toBe(text.split('\n').length - 1);
  },
);

test('every line of a JSON corpus is an object', async () => {
  const made = await corpus('json', 100_000, folder);
  const lines = (await readFile(made.path, 'utf8')).trimEnd().split('\n');
  for (const line of lines) expect(Object.keys(JSON.parse(line)).length).toBeGreaterThanOrEqual(15);
});

test('a corpus is made once, and again only when it was damaged', async () => {
  const made = await corpus('nginx', BYTES, folder);
  const before = await readFile(made.path);
  await truncate(made.path, 1000);
  expect(await corpus('nginx', BYTES, folder)).toEqual(made);
  expect((await readFile(made.path)).equals(before)).toBe(true);
  expect((await readdir(folder)).some((name) => name.endsWith('.part'))).toBe(false);
});
