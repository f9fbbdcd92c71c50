import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readLines } from './read-lines.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'read-lines-'));
});
afterAll(async () => {
  await rm(dir, { recursive: true });
});

async function linesOf(text: string, end?: number): Promise<{ text: string; from: number; to: number }[]> {
  const path = join(dir, 'file');
  await writeFile(path, text);
  const file = await open(path, 'r');
  try {
    const lines = [];
    for await (const { bytes, from, to } of readLines(file, end))
      lines.push({ text: bytes.toString(), from, to });
    return lines;
  } finally {
    await file.close();
  }
}

test('whole lines with their places; what follows the last line feed is none', async () => {
  expect(await linesOf('a\n\nbc\nrest')).toEqual([
    { text: 'a', from: 0, to: 2 },
    { text: '', from: 2, to: 3 },
    { text: 'bc', from: 3, to: 6 },
  ]);
});

test('lines of any length are whole', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(fc.nat(5), fc.integer({ min: 250_000, max: 600_000 })), { maxLength: 4 }),
      async (lengths) => {
        const lines = lengths.map((length, i) => String(i).repeat(length));
        const read = await linesOf(lines.map((line) => `${line}\n`).join(''));
        expect(read.map(({ text }) => text)).toEqual(lines);
      },
    ),
    { numRuns: 15 },
  );
});

test('only lines that begin before the end', async () => {
  expect((await linesOf('a\nb\nc\n', 3)).map(({ text }) => text)).toEqual(['a', 'b']);
});
