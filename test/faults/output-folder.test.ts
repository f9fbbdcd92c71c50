import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { numberedLine } from './numbered-line.ts';
import { OutputFolder } from './output-folder.ts';
import { Random } from './random.ts';
import { Receiver } from './receiver.ts';

const SEED = 7;
const random = new Random(1);
const LINES = Array.from({ length: 4 }, (_, seq) =>
  Buffer.concat([numberedLine(SEED, { file: 0, seq }, random), Buffer.from('\n')]),
);

test('what was written and taken back between two looks is not taken for lines', () => {
  const folder = mkdtempSync(join(tmpdir(), 'output-folder-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const receiver = new Receiver('files', SEED);
  const output = new OutputFolder(folder, receiver);
  const [a, b, c, d] = LINES as [Buffer, Buffer, Buffer, Buffer];
  const look = (parts: readonly Buffer[], isWritten: boolean) => {
    writeFileSync(join(folder, 'app.log'), Buffer.concat(parts));
    output.read({ isWritten });
    return [0, 1, 2, 3].filter((seq) => receiver.has(0, seq));
  };
  expect(look([a], true)).toEqual([]);
  // The disk is full in the middle of the third line.
  expect(look([a, b, c.subarray(0, 20)], true)).toEqual([0]);
  expect(look([a], true)).toEqual([0]);
  expect(look([a, d, b, c], true)).toEqual([0]);
  expect(look([a, d, b, c], false)).toEqual([0, 1, 2, 3]);
});
