import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Rig } from '../../../test/fixtures/dead-letters.ts';
import { type LetterFilter, readLetters } from './read-letters.ts';

async function found(rig: Rig, filter: LetterFilter = {}) {
  const letters = [];
  for await (const { letter, line, sent } of readLetters(rig.dir, filter)) {
    letters.push(`${letter?.text ?? 'damaged'} ${line}${sent ? ' sent' : ''}`);
  }
  return letters;
}

test('all letters, sink by sink, in the order in which they were written', async () => {
  await using rig = await Rig.create({ maxFileBytes: 1 });
  await rig.refuse(['a'], 'out');
  await rig.refuse(['x'], 'first');
  await rig.refuse(['b', 'c'], 'out');
  expect(await found(rig)).toEqual(['x 1', 'a 1', 'b 1', 'c 2']);
});

test('only those that are asked for', async () => {
  await using rig = await Rig.create();
  await rig.refuse(['a'], 'out', 'too_old');
  await rig.refuse(['b'], 'out', 'too_long');
  await rig.refuse(['c'], 'other', 'too_old');
  expect(await found(rig, { sink: 'out' })).toEqual(['a 1', 'b 2']);
  expect(await found(rig, { reason: 'too_old' })).toEqual(['c 1', 'a 1']);
  expect(await found(rig, { source: 'none' })).toEqual([]);
});

test('says which were sent again and which are damaged', async () => {
  await using rig = await Rig.create();
  await rig.refuse(['a', 'b']);
  const [file] = await rig.store.filesOf('out');
  const { bytes } = rig.store.status();
  await rig.store.markSent(file!, [[0, bytes / 2]]);
  await appendFile(join(rig.store.dir, 'out-000001.jsonl'), '{}\n');
  expect(await found(rig)).toEqual(['a 1 sent', 'b 2', 'damaged 3']);
});

test('without a folder there are none', async () => {
  await using rig = await Rig.create();
  for await (const letter of readLetters(join(rig.dir, 'none'), {})) expect(letter).toBeUndefined();
});
